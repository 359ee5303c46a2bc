"""A limit for the size of a model: it must not be much larger than its weights, whatever its configuration says.

transformers makes the whole model of a configuration before it compares it with the weights. A configuration with a million layers, or
with billions of words, would take hours and all of the memory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from safetensors import safe_open
from torch.nn.modules import module as hooks

from bento import ArtifactError

_TIMES = 16
"""A tensor is counted several times: when it is made, when it gets its values, and under each of its names. In T5, up to seven times."""
_FREE_TENSORS = 1 << 10
_FREE_BYTES = 1 << 29
"""Half a gigabyte, for tensors that are not in the weights but made from the configuration, such as masks."""


@contextmanager
def as_large_as(weights: Path) -> Iterator[None]:
    """In this block, raise an ArtifactError if this thread makes a model that is much larger than these weights."""
    with safe_open(weights, framework="pt") as file:
        tensors = _TIMES * len(file.keys()) + _FREE_TENSORS
    room = _TIMES * weights.stat().st_size + _FREE_BYTES
    thread = threading.get_ident()

    def register(_module: Any, _name: str, tensor: Any) -> None:
        nonlocal room, tensors
        if tensor is None or threading.get_ident() != thread:
            return
        room -= tensor.nbytes
        tensors -= 1
        if min(room, tensors) < 0:
            raise ArtifactError(f"{str(weights.parent)!r} has a configuration of a model that is much larger than its weights")

    with ExitStack() as stack:
        for watch in (hooks.register_module_parameter_registration_hook, hooks.register_module_buffer_registration_hook):
            stack.callback(watch(register).remove)
        yield

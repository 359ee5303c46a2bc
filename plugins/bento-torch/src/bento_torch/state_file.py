"""A state as a safetensors file, which is mapped: processes that load it share its memory pages.

safetensors checks every declared size against the size of the file before PyTorch sees the contents. Everything except the tensors is JSON
under a single key of the file's metadata, so that equal states give equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from bento import ArtifactError

from .state import State

_KEY = "bento"


def write(state: State, path: Path) -> None:
    """Write a state."""
    beside = {
        "torch": torch.__version__,
        "same": dict(state.same),
        "axes": dict(state.axes),
        "versions": dict(state.versions),
        "buffers": dict(state.buffers),
    }
    save_file(dict(state.tensors), path, {_KEY: json.dumps(beside, sort_keys=True, separators=(",", ":"))})


def read(path: Path) -> State:
    """Read a state. Its tensors are mapped from the file until they are changed. A damaged file is an ArtifactError."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is not a dict
        return _state(tensors, json.loads(metadata.get(_KEY, "null")))
    except Exception as error:
        # For a damaged header, safetensors and PyTorch raise nearly any exception. Neither executes what it reads.
        raise ArtifactError(f"{str(path)!r} is damaged: {error}") from error


def _state(tensors: Mapping[str, torch.Tensor], beside: Any) -> State:
    match beside:
        case {"same": dict(same), "axes": dict(axes), "versions": dict(versions), "buffers": dict(buffers)}:
            pass
        case _:
            raise ValueError(f"its metadata has no {_KEY!r} that says how its tensors make a state")
    if not (same.keys().isdisjoint(tensors) and all(first in tensors for first in same.values())):
        raise ValueError("it has one name for two tensors, or a name for none")
    if not all(name in tensors and sorted(order) == list(range(tensors[name].ndim)) for name, order in axes.items()):
        raise ValueError("it has an order of axes that a tensor cannot have")
    if not all(type(version) is int for version in versions.values()):
        raise ValueError("it has a version that is not a number")
    if not all(isinstance(getattr(torch, str(name), None), torch.dtype) for name in buffers.values()):
        raise ValueError("it has a buffer of no dtype")
    return State(tensors, same, axes, versions, buffers)

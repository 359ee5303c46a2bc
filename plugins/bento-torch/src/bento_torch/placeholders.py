"""Building a module with parameters that take no memory until they get their values."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import torch
from torch import nn

_LOCK = threading.Lock()


class Placeholders:
    """The empty parameters, on PyTorch's meta device, that replace the parameters which modules register."""

    def __init__(self) -> None:
        self._instead: dict[int, tuple[weakref.ref[nn.Parameter], weakref.ref[nn.Parameter]]] = {}
        self._made: list[weakref.ref[nn.Parameter]] = []

    def take(self, parameter: nn.Parameter) -> nn.Parameter:
        """The placeholder of a parameter. The same parameter always gets the same placeholder, so tied parameters stay tied."""
        original, placeholder = (known() for known in self._instead.get(id(parameter), (_gone, _gone)))
        if original is not parameter or placeholder is None:
            placeholder = nn.Parameter(torch.empty_like(parameter, device="meta"), requires_grad=parameter.requires_grad)
            self._instead[id(parameter)] = weakref.ref(parameter), weakref.ref(placeholder)
            self._made += self._instead[id(parameter)]
        return placeholder

    def are_held(self) -> bool:
        """Whether anything still refers to a parameter or to its placeholder, such as a list in the module, or a view."""
        if not self._any_left():
            return False
        gc.collect()
        return self._any_left()

    def _any_left(self) -> bool:
        return any(reference() is not None for reference in self._made)


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in a value, such as a module's attributes, including those in containers, but not those of child modules."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from tensors_in(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from tensors_in(each)


def has_empty(module: nn.Module) -> bool:
    """Whether a module, or a child of it, has a tensor without values."""
    return any(tensor.is_meta for child in module.modules() for tensor in tensors_in(vars(child)))


_current: ContextVar[Placeholders | None] = ContextVar("placeholders", default=None)


@contextmanager
def placeholders() -> Iterator[Placeholders]:
    """In this block, in this thread, every parameter that a module registers is replaced by an empty one."""
    _hook_once()
    made = Placeholders()
    token = _current.set(made)
    try:
        yield made
    finally:
        _current.reset(token)


def _gone() -> None:
    return None


def _hook_once() -> None:
    with _LOCK:
        _hook()


@cache
def _hook() -> None:
    """Register the hook once, and never remove it: threads that register a parameter while PyTorch's global hooks change would fail."""
    nn.modules.module.register_module_parameter_registration_hook(_replace)


def _replace(_module: nn.Module, _name: str, parameter: nn.Parameter) -> nn.Parameter | None:
    made = _current.get()
    # A parameter of a subclass may hold more than its values.
    return None if made is None or type(parameter) is not nn.Parameter or parameter.is_meta else made.take(parameter)

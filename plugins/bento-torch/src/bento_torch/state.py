"""A module's state: its tensors, and the information that is needed to restore them exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .tensors import Place, apart, axes_in_memory, checked, place_of

if TYPE_CHECKING:
    import torch
    from torch import nn

EXTRA_STATE = "_extra_state"
"""PyTorch's name for state that a module keeps in addition to its parameters and buffers."""


@dataclass(frozen=True, slots=True)
class State:
    """The tensors by name, each once, with its axes in the order in which they lie in memory.

    `same` maps further names of tensors, as tied weights have them, to their first names. `axes` has the order of the axes in memory, if it
    is not the usual one. `versions` are the versions of the modules that wrote the state, by path. `buffers` are the dtypes of buffers that
    are not part of the state.
    """

    tensors: Mapping[str, torch.Tensor]
    same: Mapping[str, str] = field(default_factory=dict)
    axes: Mapping[str, list[int]] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    buffers: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, torch.Tensor]:
        """Each tensor under all of its names, with its axes in their original order."""
        values = {name: _in_own_order(tensor, self.axes.get(name)) for name, tensor in self.tensors.items()}
        return {**values, **{name: values[first] for name, first in self.same.items()}}


def state_of(module: nn.Module) -> State:
    """The state of a module, which is not changed or moved. If a tensor cannot be kept, an ArtifactError names it."""
    found: Mapping[str, Any] = module.state_dict(keep_vars=True)
    tensors: dict[str, torch.Tensor] = {}
    same: dict[str, str] = {}
    axes: dict[str, list[int]] = {}
    firsts: dict[Place, str] = {}
    for name, value in found.items():
        tensor = checked(name, value).detach()
        first = firsts.setdefault(place_of(tensor), name)
        if first != name:
            same[name] = first
            continue
        order = axes_in_memory(tensor)
        if order != sorted(order):
            axes[name] = order
        tensors[name] = tensor.permute(order)
    buffers = {name: dtype_name(buffer.dtype) for name, buffer in module.named_buffers(remove_duplicate=False) if name not in found}
    return State(apart(tensors), same, axes, _versions(found), buffers)


def dtype_name(dtype: torch.dtype) -> str:
    """A dtype without the name of its package."""
    return str(dtype).removeprefix("torch.")


def _versions(found: Mapping[str, Any]) -> dict[str, int]:
    metadata: Mapping[str, Mapping[str, Any]] = getattr(found, "_metadata", {})
    return {path: told["version"] for path, told in metadata.items() if type(told.get("version")) is int}


def _in_own_order(tensor: torch.Tensor, order: list[int] | None) -> torch.Tensor:
    return tensor if order is None else tensor.permute([order.index(axis) for axis in range(tensor.ndim)])

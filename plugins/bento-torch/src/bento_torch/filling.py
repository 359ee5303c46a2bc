"""Making a module again: it is built by its own code, and then gets its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from bento import ArtifactError

from .fitting import listed, state_faults
from .placeholders import Placeholders, has_empty, placeholders

if TYPE_CHECKING:
    from .build import ModuleBuild
    from .state import State


def rebuild(build: ModuleBuild, state: State) -> nn.Module:
    """The module that `build` makes, with the state's tensors as its own, in evaluation mode and without gradients.

    If a module does more with its parameters than register them, such as keep them in a list, it gets copies of the tensors.
    """
    module = _with_tensors(build, state)
    if module is None:
        module = _with_copies(build, state)
    for name, dtype in state.buffers.items():
        path, _, leaf = name.rpartition(".")
        setattr(module.get_submodule(path), leaf, module.get_buffer(name).to(getattr(torch, dtype)))
    return module.eval()


def build_light(build: ModuleBuild) -> nn.Module:
    """The module that `build` makes, if possible with parameters that have no values and take no memory."""
    module, _ = _build_empty(build)
    return build() if module is None else module


def _build_empty(build: ModuleBuild) -> tuple[nn.Module | None, Placeholders]:
    with placeholders() as made:
        try:
            return build(), made
        except Exception:  # noqa: BLE001 - the code may need values; if it fails anyway, building it with values shows the error
            return None, made


def _with_tensors(build: ModuleBuild, state: State) -> nn.Module | None:
    """The module with the state's tensors, or None if it still refers to the placeholders that the tensors replace."""
    module, made = _build_empty(build)
    if module is None:
        return None
    _load(module, build, state, _as_parameters(module, state.values()), assign=True)
    return None if made.are_held() or has_empty(module) else module


def _with_copies(build: ModuleBuild, state: State) -> nn.Module:
    module, values = build(), state.values()
    for name, target in module.state_dict(keep_vars=True).items():
        if name in values:
            target.data = target.data.to(values[name].dtype)
    _load(module, build, state, values, assign=False)
    return module


def _as_parameters(module: nn.Module, values: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The values, as parameters where the module has parameters. A value with several names becomes one parameter."""
    parameters: dict[int, nn.Parameter] = {}
    wanted: Mapping[str, Any] = module.state_dict(keep_vars=True)
    return {
        name: parameters.setdefault(id(value), nn.Parameter(value, requires_grad=False))
        if isinstance(wanted.get(name), nn.Parameter)
        else value
        for name, value in values.items()
    }


def _load(module: nn.Module, build: ModuleBuild, state: State, values: Mapping[str, torch.Tensor], *, assign: bool) -> None:
    faults = list(state_faults(module, values))
    if faults:
        raise ArtifactError(f"the state is not one of what {build} makes: {listed(faults)}")
    complete: dict[str, Any] = module.requires_grad_(requires_grad=False).state_dict()
    versions: Any = getattr(complete, "_metadata", {})
    for path, version in state.versions.items():
        versions.setdefault(path, {})["version"] = version
    complete.update(values)
    module.load_state_dict(complete, strict=True, assign=assign)

"""Checks that a model is what its build makes, so that its state has the same meaning in both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bento import ArtifactError, type_name
from bento.artifacts import part_faults

from .state import EXTRA_STATE
from .tensors import place_of

if TYPE_CHECKING:
    from torch import nn

    from .build import ModuleBuild

_MOST_FAULTS = 5
_PLACE = re.compile(r" at 0x[0-9a-f]+| \([a-z]+:[0-9]+\)")
"""The address or the device in the printed form of a part, which is ignored."""


def check_fits(model: nn.Module, build: ModuleBuild, built: nn.Module) -> None:
    """Raise an ArtifactError if the model differs from `built`, which `build` has made, in its class, its state or its parts."""
    _check_class(model, build, built)
    faults = list(state_faults(built, model.state_dict(keep_vars=True))) or list(part_faults(_parts(model), _parts(built)))
    if faults:
        raise ArtifactError(f"the model is not what {build} makes: {listed(faults)}: give TorchArtifact what the model was built with")


def state_faults(built: nn.Module, given: Mapping[str, Any]) -> Iterator[str]:
    """A phrase for each difference between a state and the state that a module takes."""
    wanted = built.state_dict(keep_vars=True)
    yield from (f"it lacks {name!r}" for name in wanted if name not in given)
    yield from (f"it has {name!r}" for name in given if name not in wanted)
    for name in wanted:
        sizes = [tuple(getattr(state.get(name), "shape", ())) for state in (given, wanted)]
        if name in given and not name.endswith(EXTRA_STATE) and sizes[0] != sizes[1]:
            yield f"{name!r} has the shape {sizes[0]} and not {sizes[1]}"
    yield from _tie_faults(wanted, given)


def listed(faults: list[str]) -> str:
    """The first faults as a text, and how many more there are."""
    more = f" and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
    return ", ".join(faults[:_MOST_FAULTS]) + more


def _check_class(model: nn.Module, build: ModuleBuild, built: nn.Module) -> None:
    if type_name(model) == type_name(built):
        return
    inside = [f"pass its .{name}" for name, child in model.named_children() if type_name(child) == type_name(built)]
    way_out = inside[0] if inside else "pack what build makes"
    raise ArtifactError(f"the model is a {type_name(model)}, and {build} makes a {type_name(built)}: {way_out}")


def _tie_faults(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    """Tensors that the build ties (two names, one tensor) must be tied in the state, too, because there is one place for their values."""
    firsts: dict[int, str] = {}
    for name, target in wanted.items():
        first = firsts.setdefault(id(target), name)
        if {name, first} <= given.keys() and place_of(given[name]) != place_of(given[first]):
            yield f"{name!r} is another tensor than {first!r}"


def _parts(module: nn.Module) -> dict[str, str]:
    return {name: f"{type(part).__name__}({_PLACE.sub('', part.extra_repr())})" for name, part in module.named_modules()}

"""Checks that a model is what its build makes, so that its state has the same meaning in both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bento import ArtifactError, type_name
from bento.artifacts import part_faults

if TYPE_CHECKING:
    import paddle
    from paddle import nn

    from .build import LayerBuild

_ORDER = re.compile(r"(, )?data_format=\w+")
_PASSING = re.compile(r"(, )?(dtype|training)=[\w.]+")
"""What layers print of their current state. After `to("cpu")` the dtype is None; the dtypes of the tensors are compared separately."""
_WAY_OUT = "give PaddleArtifact what the model was built with"


def check_fits(model: nn.Layer, build: LayerBuild, built: nn.Layer) -> None:
    """Raise an ArtifactError if the model differs from `built`, which `build` has made, in its class, its state or its parts."""
    if type(built) is not type(model):
        raise ArtifactError(f"{build} makes a {type_name(built)}, and the model is a {type_name(model)}")
    check_state(model.state_dict(), built, build)
    for fault in (*_tie_faults(model.state_dict(), built.state_dict()), *part_faults(_parts(model), _parts(built))):
        raise ArtifactError(f"the model is not what {build} makes: {fault}: {_WAY_OUT}")


def check_state(state: Mapping[str, paddle.Tensor], layer: nn.Layer, build: LayerBuild) -> None:
    """Raise an ArtifactError if the state has other tensors than the layer. PaddlePaddle would only warn and ignore them."""
    expected, found = _shapes(layer.state_dict()), _shapes(state)
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise ArtifactError(
                f"{build} makes a layer with {expected.get(name, 'nothing')} as {name!r}, and the model has {found.get(name, 'nothing')}"
            )


def _tie_faults(found: Mapping[str, paddle.Tensor], expected: Mapping[str, paddle.Tensor]) -> Iterator[str]:
    """Tensors that the build ties (two names, one tensor) must be tied in the model, too, because there is one place for their values."""
    firsts: dict[int, str] = {}
    for name, tensor in expected.items():
        first = firsts.setdefault(id(tensor), name)
        if found[name] is not found[first]:
            yield f"{name!r} is another tensor than {first!r}"


def _parts(layer: nn.Layer) -> dict[str, str]:
    return {name: f"{type(part).__name__}({_printed(part)})" for name, part in layer.named_sublayers(include_self=True)}


def _printed(part: nn.Layer) -> str:
    """How a part is printed, without what changes when it is called, moved or put into evaluation mode."""
    from paddle import nn

    changing = (nn.BatchNorm1D, nn.BatchNorm2D, nn.BatchNorm3D, nn.SyncBatchNorm, nn.Upsample)
    text: str = part.extra_repr()
    if part.extra_repr.__module__.startswith("paddle."):
        text = _PASSING.sub("", text)
    return _ORDER.sub("", text) if isinstance(part, changing) else text


def _shapes(tensors: Mapping[str, paddle.Tensor]) -> dict[str, str]:
    return {name: f"{str(tensor.dtype).removeprefix('paddle.')}{list(tensor.shape)}" for name, tensor in tensors.items()}

"""How to make a layer again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bento import ArtifactError, type_name
from bento.artifacts import Build

if TYPE_CHECKING:
    from paddle import nn


class LayerBuild(Build["nn.Layer"]):
    """Makes layers. The state of PaddlePaddle's random number generator stays the same."""

    def __call__(self) -> nn.Layer:
        import paddle

        numbers = paddle.get_rng_state()
        try:
            layer = super().__call__()
        finally:
            paddle.set_rng_state(numbers)
        if not isinstance(layer, paddle.nn.Layer):
            raise ArtifactError(f"{self} makes a {type_name(layer)}: expected a paddle.nn.Layer")
        return layer

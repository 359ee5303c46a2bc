"""Layers as their state."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bento import Artifact, ArtifactError, instance_of, type_name
from bento.artifacts import slot_file

from .build import LayerBuild

if TYPE_CHECKING:
    from pathlib import Path

    from paddle import nn

    from bento.artifact import JSON

_FILE = "model.safetensors"


class PaddleArtifact(Artifact["nn.Layer"]):
    """Keeps a layer's state as data, in safetensors; `build`, a class or function of the service's code, makes the layer again.

    `build` is called with `arguments`, which are JSON and kept in the manifest; the model has to be of the class that it makes, with
    tensors of the same names, shapes and dtypes. Loaded, a layer is in evaluation mode, and its parameters need no gradients.
    """

    name = "paddle"
    framework = "paddle"

    def __init__(self, build: Callable[..., nn.Layer] | str, **arguments: JSON) -> None:
        self._build = LayerBuild(type(self).__name__, "layer", build, arguments)

    def save(self, model: nn.Layer, folder: Path) -> None:
        from .state import check_fits, state_of, write

        built = self._build()
        if type(built) is not type(model):
            raise ArtifactError(f"{self._build} makes a {type_name(built)}, and the model is a {type_name(model)}")
        state = state_of(model)
        check_fits(state, built, str(self._build))
        write(state, folder / _FILE)

    def load(self, folder: Path) -> nn.Layer:
        from .state import check_fits, fill, read

        path = slot_file(folder, _FILE)
        state = read(path)
        try:
            built = self._build()
        except ArtifactError:
            raise
        except Exception as error:
            raise ArtifactError(f"cannot load {str(path)!r} into {self._build}: {type(error).__name__}: {error}") from error
        check_fits(state, built, str(self._build))
        return fill(built, state)

    def accepts(self, model: object) -> bool:
        return instance_of(model, "paddle.nn", "Layer") and not instance_of(model, "paddle.jit", "TranslatedLayer")

    def requirements(self) -> list[str]:
        return ["paddlepaddle", "safetensors"]

    def options(self) -> dict[str, JSON]:
        return {"build": self._build.name, **self._build.arguments}

"""Layers as their state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bento import Artifact, ArtifactError, instance_of
from bento.artifacts import distribution_of, slot_file, suffix_of

from .build import LayerBuild

if TYPE_CHECKING:
    from pathlib import Path

    from paddle import nn

    from bento.artifact import JSON

_FILE = "model.safetensors"
_WEIGHTS = (".pdparams", ".safetensors")


class PaddleArtifact(Artifact["nn.Layer"]):
    """Keeps a layer's state as data, in safetensors; `build`, a class or function of the service's code, makes the layer again.

    `build` is called with `arguments`, which are JSON values and kept in the manifest. It must make a layer of the same class and with the
    same parts as the model, with tensors of the same names, shapes and dtypes. A loaded layer is in evaluation mode, and its parameters
    need no gradients.
    """

    name = "paddle"
    framework = "paddle"

    def __init__(self, build: Callable[..., nn.Layer] | str, **arguments: JSON) -> None:
        self._build = LayerBuild(type(self).__name__, "layer", build, arguments)

    def save(self, model: nn.Layer, folder: Path) -> None:
        from .fitting import check_fits
        from .state import state_of, write

        check_fits(model, self._build, self._build())
        write(state_of(model), folder / _FILE)

    def load(self, folder: Path) -> nn.Layer:
        from .fitting import check_state
        from .state import fill, read

        path = slot_file(folder, _FILE)
        state = read(path)
        try:
            built = self._build()
        except ArtifactError:
            raise
        except Exception as error:
            raise ArtifactError(f"cannot load {str(path)!r} into {self._build}: {type(error).__name__}: {error}") from error
        check_state(state, built, self._build)
        return fill(built, state)

    def accepts(self, model: object) -> bool:
        return instance_of(model, "paddle.nn", "Layer") and not _is_program(model)

    def advice(self, model: object) -> str:
        if isinstance(model, Mapping) and any(instance_of(value, "paddle", "Tensor") for value in model.values()):
            return "it is a state: give it to a layer with set_state_dict(), and pack the layer"
        if suffix_of(model) in _WEIGHTS:
            return f"load {str(model)!r} into a layer with set_state_dict(), and pack the layer"
        if _is_program(model):
            return "give its state_dict() to a layer of your own class, and pack that"
        return "pack its network" if instance_of(model, "paddle", "Model") else ""

    def requirements(self) -> list[str]:
        return [distribution_of("paddle", "paddlepaddle"), "safetensors"]

    def modules_of(self, model: nn.Layer) -> list[str]:
        return [self._build.module]

    def options(self) -> dict[str, JSON]:
        return {"build": self._build.name, **self._build.arguments}


def _is_program(model: object) -> bool:
    """Whether a layer comes from `paddle.jit.load`, which returns another class since PaddlePaddle 3."""
    return instance_of(model, "paddle.jit", "TranslatedLayer") or instance_of(
        model, "paddle.jit.pir_translated_layer", "PirTranslatedLayer"
    )

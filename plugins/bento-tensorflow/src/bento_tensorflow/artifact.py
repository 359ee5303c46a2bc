"""Programs as SavedModels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bento import Artifact, ArtifactError, DefinitionError, instance_of, type_name
from bento.artifacts import distribution_of, has_file

from .sums import check_sums, write_sums

if TYPE_CHECKING:
    from pathlib import Path

    from bento.artifact import JSON

_FOLDER = "model"
_PROGRAM = "saved_model.pb"


class SavedModelArtifact(Artifact[Any]):
    """Keeps a `tf.Module`, or a model from `tf.saved_model.load`, as a SavedModel: a program that needs no Python code of yours.

    A SavedModel can read and write files when it is loaded and called (see TensorFlow's security policy), so a bundle from elsewhere needs
    trust. `signatures` maps the names of the signatures to save to the names of the model's functions, which need an input signature:
    `{"serving_default": "predict"}`. Without it, a loaded model keeps its own signatures. A loaded model has its functions under their
    names; call `model.signatures["serving_default"]` with tensors by name to get a dict of tensors.
    """

    name = "saved-model"
    framework = "tensorflow"
    runs_code = True

    def __init__(self, *, signatures: Mapping[str, str] | None = None) -> None:
        given = signatures or {}
        if not isinstance(given, Mapping) or not all(isinstance(text, str) for pair in given.items() for text in pair):
            raise DefinitionError(
                f"expected SavedModelArtifact(signatures={{'serving_default': 'predict'}}) with names of the model's functions, "
                f"got {signatures!r}"
            )
        self._signatures = dict(given)

    def save(self, model: Any, folder: Path) -> None:
        import tensorflow as tf

        signatures = {name: _function(model, attribute) for name, attribute in self._signatures.items()}
        try:
            tf.saved_model.save(model, str(folder / _FOLDER), signatures=signatures or dict(getattr(model, "signatures", {})) or None)
        except Exception as error:
            raise ArtifactError(f"TensorFlow cannot save this {type_name(model)}: {type(error).__name__}: {error}") from error
        write_sums(folder)

    def load(self, folder: Path) -> Any:
        check_sums(folder)
        import tensorflow as tf

        path = folder / _FOLDER
        try:
            return tf.saved_model.load(str(path))
        except Exception as error:
            raise ArtifactError(f"{str(path)!r} is damaged, or not for this TensorFlow: {type(error).__name__}: {error}") from error

    def accepts(self, model: object) -> bool:
        return instance_of(model, "tensorflow", "Module") or instance_of(
            model, "tensorflow.python.trackable.autotrackable", "AutoTrackable"
        )

    def advice(self, model: object) -> str:
        return f"pack what tf.saved_model.load({str(model)!r}) gives" if has_file(model, _PROGRAM) else ""

    def requirements(self) -> list[str]:
        return [distribution_of("tensorflow", "tensorflow")]

    def options(self) -> dict[str, JSON]:
        return {"signatures": dict[str, "JSON"](self._signatures)} if self._signatures else {}


def _function(model: Any, name: str) -> Any:
    function = getattr(model, name, None)
    if not hasattr(function, "get_concrete_function"):
        raise ArtifactError(f"this {type_name(model)} has no tf.function {name!r}, which is to be a signature")
    return function

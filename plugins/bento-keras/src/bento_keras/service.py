"""The default service, for a model that is saved without a service class."""

from __future__ import annotations

from typing import Any

import bento
from bento.adapters import ArrayAdapter

from .artifact import KerasArtifact

_TEXT = "string"


class KerasService(bento.Service):
    """Predict with a Keras model from arrays of numbers."""

    model = KerasArtifact()

    def __init__(self, /, **models: object) -> None:
        super().__init__(**models)
        inputs = getattr(self.model, "inputs", None) or ()
        if len(inputs) > 1:
            raise bento.ArtifactError(f"the model takes {len(inputs)} inputs: write a bento.Service with a slot for it and an api")
        for tensor in inputs:
            if tensor.dtype == _TEXT:
                raise bento.ArtifactError(
                    "the model takes texts, not an array of numbers: write a bento.Service with a slot for it and an api"
                )
            self.narrow("predict", input=ArrayAdapter(shape=tuple(tensor.shape)))

    @bento.api(input=ArrayAdapter())
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row, in an array of the shape that the model takes."""
        for tensor in getattr(self.model, "inputs", None) or ():
            _check_shape(rows.shape, tensor.shape)
        return self.model.predict_on_batch(rows)


def _check_shape(got: tuple[int, ...], expected: tuple[int | None, ...]) -> None:
    if len(got) != len(expected) or any(want not in (None, size) for want, size in zip(expected, got, strict=True)):
        sizes = ", ".join("n" if size is None else str(size) for size in expected)
        raise bento.InvalidInput(f"expected an array of shape ({sizes}), got {got}")

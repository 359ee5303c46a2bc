"""The default service, for a model that is saved without a service class."""

from __future__ import annotations

import os
from typing import Any

import bento
from bento.adapters import JsonAdapter

from .artifact import CatboostArtifact, check_model
from .pool import pool

_VALUE: bento.JSON = {"type": ["number", "string", "boolean", "null"]}
_ROWS: dict[str, bento.JSON] = {"type": "array", "items": {"type": "array", "items": _VALUE}}
_ALL = -1


class CatboostService(bento.Service):
    """Predict with a CatBoost model from rows of numbers and categories."""

    model = CatboostArtifact()

    def __init__(self, /, **models: object) -> None:
        super().__init__(**models)
        check_model(self.model)
        self.narrow("predict", input=_rows_of(self.model))

    @bento.api(input=JsonAdapter(schema=_ROWS))
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features, as the model's own `predict` does. A missing number is null."""
        if not isinstance(rows, list):
            raise bento.InvalidInput(f"expected a list of rows, got {rows!r:.60}")
        return self.model.predict(pool(self.model, rows), thread_count=_threads()) if rows else []


def _threads() -> int:
    """The number of threads that the server assigns to each worker, or -1 for CatBoost's default, one thread per processor."""
    told = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return (int(told) if told.isdecimal() else 0) or _ALL


def _rows_of(model: Any) -> JsonAdapter:
    """An adapter for rows with one value per feature of the model. Its example has a word for each feature that is not a number."""
    features = len(model.feature_names_)
    words = {*model.get_cat_feature_indices(), *model.get_text_feature_indices()}
    row: bento.JSON = ["a" if place in words else 0.0 for place in range(features)]
    items: bento.JSON = {"type": "array", "items": _VALUE, "minItems": features, "maxItems": features}
    return JsonAdapter(schema={"type": "array", "items": items}, example=[row])

"""The service for a model whose owner writes none."""

from __future__ import annotations

import os
from typing import Any

import bento
from bento.adapters import JsonAdapter

from .artifact import CatboostArtifact
from .pool import pool

_VALUE: bento.JSON = {"type": ["number", "string", "boolean", "null"]}
_ALL = -1


class CatboostService(bento.Service):
    """Answer rows of numbers and categories with what a CatBoost model predicts for them."""

    model = CatboostArtifact()

    @bento.api(input=JsonAdapter(schema={"type": "array", "items": {"type": "array", "items": _VALUE}}, example=[[1.5, "Ulm"]]))
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features, as the model's own `predict` does; a number that is missing is null."""
        if not isinstance(rows, list):
            raise bento.InvalidInput(f"expected a list of rows, got {rows!r}")
        # CatBoost starts a thread for each processor, unless it is told what a server tells everyone else through the environment.
        threads = os.environ.get("OMP_NUM_THREADS", "")
        return self.model.predict(pool(self.model, rows), thread_count=int(threads) if threads.isdecimal() else _ALL) if rows else []

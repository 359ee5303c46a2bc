"""The service for a model whose owner writes none."""

from __future__ import annotations

from typing import Any

import bento
from bento.adapters import ArrayAdapter

from .artifact import SklearnArtifact


class SklearnService(bento.Service):
    """Answer rows of numbers with what a scikit-learn model predicts for them."""

    model = SklearnArtifact()

    @bento.api(input=ArrayAdapter(shape=(None, None)), batch=True)
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features."""
        return self.model.predict(rows)

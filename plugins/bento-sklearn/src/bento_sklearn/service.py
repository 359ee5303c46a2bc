"""The service for a model whose owner writes none."""

from __future__ import annotations

from typing import Any

import bento
from bento.adapters import ArrayAdapter

from .artifact import SklearnArtifact


class SklearnService(bento.Service):
    """Answer rows of numbers with what a scikit-learn model predicts for them."""

    model = SklearnArtifact()

    def __init__(self, /, **models: object) -> None:
        super().__init__(**models)
        if not hasattr(self.model, "predict"):
            raise bento.ArtifactError(
                f"there is no service for a {bento.type_name(self.model)}, which has no predict: write a bento.Service with a slot for it"
            )

    @bento.api(input=ArrayAdapter(shape=(None, None)), batch=True)
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features."""
        import numpy as np

        rows = np.asarray(rows)
        features = getattr(self.model, "n_features_in_", None)
        if features is not None and rows.shape[1:] != (features,):
            raise bento.InvalidInput(f"expected an array of shape (n, {features}), got {rows.shape}")
        return self.model.predict(rows)

"""The service for a model whose owner writes none."""

from __future__ import annotations

import warnings
from typing import Any

import bento
from bento.adapters import ArrayAdapter

from .artifact import LightgbmArtifact


class LightgbmService(bento.Service):
    """Answer rows of numbers with what a LightGBM model predicts for them."""

    model = LightgbmArtifact()

    def __init__(self, /, **models: object) -> None:
        super().__init__(**models)
        self._features: int = getattr(self.model, "booster_", self.model).num_feature()
        self.narrow("predict", input=ArrayAdapter(shape=(None, self._features), null="nan"))

    def setup(self) -> None:
        # Rows of numbers have no names, whatever the model was fitted with.
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)

    @bento.api(input=ArrayAdapter(shape=(None, None), null="nan"), batch=True)
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features, as the model's own `predict` does; a value that is missing is null."""
        import numpy as np

        rows = np.asarray(rows)
        features = self._features
        if rows.ndim != 2 or rows.shape[1] != features:  # noqa: PLR2004 - rows and columns
            raise bento.InvalidInput(f"expected an array of shape (n, {features}), got {rows.shape}")
        # A request may bring no rows, which LightGBM refuses.
        return self.model.predict(rows) if len(rows) else self.model.predict(np.zeros((1, features)))[:0]

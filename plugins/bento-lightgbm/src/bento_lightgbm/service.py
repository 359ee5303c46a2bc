"""The default service, for a model that is saved without a service class."""

from __future__ import annotations

import warnings
from typing import Any

import bento
from bento.adapters import ArrayAdapter

from .artifact import LightgbmArtifact
from .features import check_width


class LightgbmService(bento.Service):
    """Predict with a LightGBM model from rows of numbers."""

    model = LightgbmArtifact()

    def __init__(self, /, **models: object) -> None:
        super().__init__(**models)
        from .kinds import booster_of

        self._booster = booster_of(self.model)
        self.narrow("predict", input=ArrayAdapter(shape=(None, self._booster.num_feature()), null="nan"))

    def setup(self) -> None:
        # Rows of numbers have no feature names, even if the model was fitted with some.
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)

    @bento.api(input=ArrayAdapter(shape=(None, None), null="nan"), batch=True)
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features, as the model's own `predict` does. A missing value is null."""
        import numpy as np

        rows = np.asarray(rows)
        check_width(self._booster, rows)
        # A request may have no rows, which LightGBM refuses.
        return self.model.predict(rows) if len(rows) else self.model.predict(np.zeros((1, self._booster.num_feature())))[:0]

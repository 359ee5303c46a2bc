"""The default service, for a model that is saved without a service class."""

from __future__ import annotations

from typing import Any

import bento
from bento.adapters import ArrayAdapter

from .artifact import XgboostArtifact
from .matrix import check_width, matrix, readable


class XgboostService(bento.Service):
    """Predict with an XGBoost model from rows of numbers."""

    model = XgboostArtifact()

    def __init__(self, /, **models: object) -> None:
        super().__init__(**models)
        from .kinds import booster_of

        self.narrow("predict", input=ArrayAdapter(shape=(None, booster_of(self.model).num_features()), null="nan"))

    @bento.api(input=ArrayAdapter(shape=(None, None), null="nan"), batch=True)
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features, as the model's own `predict` does. A missing value is null."""
        if not hasattr(self.model, "get_booster"):
            return self.model.predict(matrix(self.model, rows))
        check_width(self.model.get_booster(), rows)
        with readable():
            return self.model.predict(rows)

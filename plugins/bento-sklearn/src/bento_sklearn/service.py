"""The service for a model whose owner writes none."""

from __future__ import annotations

import warnings
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
        features = getattr(self.model, "n_features_in_", None)
        if features is not None:
            self.narrow("predict", input=ArrayAdapter(shape=(None, features)))

    def setup(self) -> None:
        # Rows of numbers have no names, whatever the model was fitted with.
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)

    @bento.api(input=ArrayAdapter(shape=(None, None)), batch=True)
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features."""
        try:
            return self.model.predict(rows)
        except ValueError as error:  # of NaN, infinity and what else a model cannot take
            raise bento.InvalidInput(f"the model takes no such rows: {error}") from error

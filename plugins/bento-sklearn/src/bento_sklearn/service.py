"""The service for a model whose owner writes none."""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal

import bento
from bento.adapters import ArrayAdapter

from .artifact import SklearnArtifact

_MOST_FEATURES = 1 << 24
"""One row of so many takes 128 MiB, more than a body may have unless a server is told otherwise; a model is asked about one here."""


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
            if not 0 <= features <= _MOST_FEATURES:
                raise bento.ArtifactError(
                    f"there is no service for rows of {features} features, of which at most {_MOST_FEATURES} are read"
                )
            null: Literal["nan", "refuse"] = "nan" if _takes_missing_values(self.model, features) else "refuse"
            self.narrow("predict", input=ArrayAdapter(shape=(None, features), null=null))

    def setup(self) -> None:
        # Rows of numbers have no names, whatever the model was fitted with.
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)

    @bento.api(input=ArrayAdapter(shape=(None, None)), batch=True)
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features; a value that is missing is null, for a model that takes such."""
        try:
            return self.model.predict(rows)
        except ValueError as error:  # of NaN, infinity and what else a model cannot take
            raise bento.InvalidInput(f"the model takes no such rows: {error}") from error


def _takes_missing_values(model: Any, features: int) -> bool:
    """Whether a model answers a row in which every value is missing. What scikit-learn says of that, it does not say of pipelines."""
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.predict(np.full((1, features), math.nan))
        except Exception:  # noqa: BLE001 - it does not, whatever it raises
            return False
    return True

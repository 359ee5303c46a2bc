"""The service for a model whose owner writes none."""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal

import bento
from bento.adapters import ArrayAdapter

from .artifact import SklearnArtifact
from .fitted import check_fitted

_MOST_FEATURES = 1 << 24
"""One row of so many takes 128 MiB, more than a body may have unless a server is told otherwise; a model is asked about one here."""
_NAMES = "only supported for dataframes"
"""What scikit-learn says of an array where columns were named."""


class SklearnService(bento.Service):
    """Answer rows of numbers with what a scikit-learn model predicts for them."""

    model = SklearnArtifact()

    def __init__(self, /, **models: object) -> None:
        super().__init__(**models)
        if not hasattr(self.model, "predict"):
            raise bento.ArtifactError(
                f"there is no service for a {bento.type_name(self.model)}, which has no predict: write a bento.Service with a slot for it"
            )
        check_fitted(self.model)
        features = getattr(self.model, "n_features_in_", None)
        if features is None:
            _check_takes_numbers(self.model, 1)
        else:
            if not 0 <= features <= _MOST_FEATURES:
                raise bento.ArtifactError(
                    f"there is no service for rows of {features} features, of which at most {_MOST_FEATURES} are read"
                )
            null: Literal["nan", "refuse"] = "refuse" if _fault(self.model, features, math.nan) else "nan"
            if null == "refuse":
                _check_takes_numbers(self.model, features)
            self.narrow("predict", input=ArrayAdapter(shape=(None, features), null=null))

    def setup(self) -> None:
        # Rows of numbers have no names, whatever the model was fitted with.
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)

    @bento.api(input=ArrayAdapter(shape=(None, None)), batch=True)
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features; a value that is missing is null, for a model that takes such."""
        import numpy as np

        try:
            if np.shape(rows)[:1] == (0,):  # which scikit-learn refuses alone, and does not see beside other requests
                return self.model.predict(np.zeros((1, getattr(self.model, "n_features_in_", 1))))[:0]
            return self.model.predict(rows)
        except ValueError as error:  # of NaN, infinity and what else a model cannot take
            raise bento.InvalidInput(f"the model takes no such rows: {error}") from error


def _check_takes_numbers(model: Any, features: int) -> None:
    """Refuse a model that no row of numbers is right for: one of texts, or one that asks a table for its columns by name."""
    fault = _fault(model, features, 0.0)
    # Anything else may be about these numbers alone, such as a category that the model does not know.
    if isinstance(fault, AttributeError | TypeError) or _NAMES in str(fault):
        raise bento.ArtifactError(
            f"there is no service for a {bento.type_name(model)}, which takes no rows of numbers: {str(fault).rstrip('.')}: "
            "write a bento.Service with a slot for it"
        ) from fault


def _fault(model: Any, features: int, value: float) -> Exception | None:
    """What a model raises for a row of one value only. What scikit-learn says of values that are missing, it does not say of pipelines."""
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.predict(np.full((1, features), value))
        except Exception as error:  # noqa: BLE001 - whatever it raises
            return error
    return None

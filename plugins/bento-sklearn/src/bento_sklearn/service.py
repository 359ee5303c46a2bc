"""The default service, for a model that is saved without a service class."""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal

import bento
from bento.adapters import ArrayAdapter

from .artifact import SklearnArtifact
from .fitted import check_fitted

_MOST_FEATURES = 1 << 24
"""A row of this many features takes 128 MiB, more than a server's default limit for a body. One row is predicted here as a test."""
_NAMES = "only supported for dataframes"
"""Part of scikit-learn's message for an array if the model selects columns by name."""


class SklearnService(bento.Service):
    """Predict with a scikit-learn model from rows of numbers."""

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
        # Rows of numbers have no feature names, even if the model was fitted with some.
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)

    @bento.api(input=ArrayAdapter(shape=(None, None)), batch=True)
    def predict(self, rows: Any) -> Any:
        """Give one prediction for each row of features. If the model takes missing values, they are null."""
        import numpy as np

        try:
            if np.shape(rows)[:1] == (0,):  # scikit-learn refuses a batch without rows, but a batch may contain requests without rows
                return self.model.predict(np.zeros((1, getattr(self.model, "n_features_in_", 1))))[:0]
            return self.model.predict(rows)
        except ValueError as error:  # for NaN, infinity and other values that a model cannot take
            raise bento.InvalidInput(f"the model does not take such rows: {error}") from error


def _check_takes_numbers(model: Any, features: int) -> None:
    """Refuse a model that takes no rows of numbers at all: it needs texts, or a table with named columns."""
    fault = _fault(model, features, 0.0)
    # Other errors may be due to the values in this row, such as an unknown category.
    if isinstance(fault, AttributeError | TypeError) or _NAMES in str(fault):
        raise bento.ArtifactError(
            f"there is no service for a {bento.type_name(model)}, which takes no rows of numbers: {str(fault).rstrip('.')}: "
            "write a bento.Service with a slot for it"
        ) from fault


def _fault(model: Any, features: int, value: float) -> Exception | None:
    """The exception that a model raises for a row of one repeated value, or None.

    With NaN this shows whether the model takes missing values. scikit-learn's tags do not tell that for pipelines.
    """
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.predict(np.full((1, features), value))
        except Exception as error:  # noqa: BLE001 - models may raise any exception
            return error
    return None

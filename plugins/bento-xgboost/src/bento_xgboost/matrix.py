"""The input of a booster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bento import InvalidInput
from bento.artifacts import take_columns

if TYPE_CHECKING:
    import xgboost

_PLACE = re.compile(r"^\[[\d:]+\] \S+: (Check failed: [^:]+: )?")
"""The beginning of XGBoost's error messages: the time, and the place in its source code."""


def matrix(model: Any, rows: Any) -> xgboost.DMatrix:
    """The `DMatrix` of an array of shape (n, features) or of a table, with the names and types of the features of `model`.

    From a table, the columns that the model was trained with are taken by name, in the model's order. Rows that do not fit are an
    InvalidInput, whose message the client sees. `model` is a booster, or an estimator; the estimator's `missing` is used.
    """
    import xgboost

    booster = model if isinstance(model, xgboost.Booster) else model.get_booster()
    names = booster.feature_names
    missing = getattr(model, "missing", None)
    if names is not None and hasattr(rows, "columns"):
        table = take_columns(rows, names)
        check_width(booster, table)
        with readable():
            return xgboost.DMatrix(table, missing=missing, enable_categorical=True)
    check_width(booster, rows)
    with readable():
        return xgboost.DMatrix(rows, missing=missing, feature_names=names, feature_types=booster.feature_types, enable_categorical=True)


@contextmanager
def readable() -> Iterator[None]:
    """In this block, turn XGBoost's errors about the rows, for example if they contain infinity, into an InvalidInput."""
    import xgboost

    try:
        yield
    except (xgboost.core.XGBoostError, TypeError, ValueError) as error:
        reason = _PLACE.sub("", str(error)).partition("\n")[0]
        raise InvalidInput(f"XGBoost cannot read these rows: {reason}") from error


def check_width(booster: xgboost.Booster, rows: Any) -> None:
    """Raise an InvalidInput if the number of features in the rows is not the booster's."""
    import numpy as np

    features, shape = booster.num_features(), np.shape(rows)
    if len(shape) != 2 or shape[1] != features:  # noqa: PLR2004 - rows and columns
        raise InvalidInput(f"expected an array of shape (n, {features}), got {shape}")

"""The input of a LightGBM model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bento import InvalidInput
from bento.artifacts import take_columns

if TYPE_CHECKING:
    import lightgbm

_NUMBERS = "biuf"
"""Kinds of dtypes: booleans, integers and floats, both of NumPy and of pandas, where values may be missing."""


def features(model: Any, rows: Any) -> Any:
    """The rows of an array of shape (n, features) or of a table, in the order that LightGBM needs: it ignores the names of columns.

    From a table, the columns that the model was trained with are taken by name, in the model's order. If the model was trained with an
    array, the table is used as it is. Rows that do not fit are an InvalidInput, whose message the client sees. `model` is a booster or an
    estimator.
    """
    booster: lightgbm.Booster = getattr(model, "booster_", model)
    names = booster.feature_name()
    if not hasattr(rows, "columns"):
        check_width(booster, rows)
        return rows
    table = rows if names == [f"Column_{place}" for place in range(len(names))] else take_columns(rows, names, _spelled)
    check_width(booster, table)
    if hasattr(table, "iloc"):
        _check_dtypes(table, len(booster.pandas_categorical or ()))
    return table


def _spelled(name: str) -> str:
    return name.replace(" ", "_")


def _check_dtypes(table: Any, categorical: int) -> None:
    """Refuse, as an InvalidInput, a pandas table on which LightGBM fails: with texts, or with a wrong number of categorical columns."""
    dtypes = [(str(name), dtype) for name, dtype in table.dtypes.items() if dtype.name != "category"]
    words = [name for name, dtype in dtypes if dtype.kind not in _NUMBERS]
    if words:
        raise InvalidInput(f"expected numbers, or categories that the model was trained with, in the columns {', '.join(words)}")
    if len(table.columns) - len(dtypes) != categorical:
        raise InvalidInput(f"expected categories in {categorical} of the table's columns, got them in {len(table.columns) - len(dtypes)}")


def check_width(booster: lightgbm.Booster, rows: Any) -> None:
    """Raise an InvalidInput if the number of features in the rows is not the booster's."""
    import numpy as np

    width, shape = booster.num_feature(), np.shape(rows)
    if len(shape) != 2 or shape[1] != width:  # noqa: PLR2004 - rows and columns
        raise InvalidInput(f"expected an array of shape (n, {width}), got {shape}")

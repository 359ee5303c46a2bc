"""The input of a CatBoost model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bento import InvalidInput
from bento.artifacts import take_columns

if TYPE_CHECKING:
    import catboost

_LONGEST_REASON = 300
"""In characters. CatBoost's error messages repeat an unreadable value in full."""


def pool(model: Any, rows: Any) -> catboost.Pool:
    """The `Pool` of an array, a list of rows or a table, with the names of `model`'s features, and its categorical and text features.

    From a table, the columns that the model was trained with are taken by name, in the model's order. In a list of rows, None is a
    missing number. Rows that do not fit the model are an InvalidInput, whose message the client sees.
    """
    import catboost

    names = model.feature_names_
    kinds = {
        "cat_features": model.get_cat_feature_indices(),
        "text_features": model.get_text_feature_indices(),
        "embedding_features": model.get_embedding_feature_indices(),
    }
    given = {kind: places for kind, places in kinds.items() if places}
    fit = take_columns(rows, names) if hasattr(rows, "columns") else _rows(rows, len(names))
    try:
        return catboost.Pool(fit, feature_names=names, **given)
    except (catboost.CatBoostError, TypeError, ValueError) as error:
        raise InvalidInput(f"CatBoost cannot read these rows: {str(error)[:_LONGEST_REASON]}") from error


def _rows(rows: Any, features: int) -> Any:
    import numpy as np

    if isinstance(rows, list):
        for place, row in enumerate(rows):
            if not isinstance(row, list | tuple) or len(row) != features:
                raise InvalidInput(f"expected rows of {features} values, got {row!r:.60} at index {place}")
        return rows
    shape = np.shape(rows)
    if len(shape) != 2 or shape[1] != features:  # noqa: PLR2004 - rows and columns
        raise InvalidInput(f"expected an array of shape (n, {features}), got {shape}")
    return rows

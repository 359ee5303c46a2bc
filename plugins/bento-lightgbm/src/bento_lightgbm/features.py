"""What a model is asked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bento import InvalidInput

if TYPE_CHECKING:
    import lightgbm


def features(model: Any, rows: Any) -> Any:
    """The rows of an array of shape (n, features), or of a table, as LightGBM has to be given them: it looks at places, not at names.

    A table gives the columns that the model was trained with, by name and in the model's order; to one that was trained with an array it
    is given as it is. Rows that do not fit are an InvalidInput, which a client reads. `model` is a booster or an estimator.
    """
    booster: lightgbm.Booster = getattr(model, "booster_", model)
    names = booster.feature_name()
    if not hasattr(rows, "columns") or names == [f"Column_{place}" for place in range(len(names))]:
        check_width(booster, rows)
        return rows
    columns = list(rows.columns)
    # LightGBM writes a space in a name as an underscore.
    found = {**{str(name).replace(" ", "_"): name for name in columns}, **{name: name for name in columns if isinstance(name, str)}}
    lacking = [name for name in names if name not in found]
    if lacking:
        raise InvalidInput(f"expected a table with the columns {', '.join(names)}, got none named {', '.join(lacking)}")
    return rows[[found[name] for name in names]]


def check_width(booster: lightgbm.Booster, rows: Any) -> None:
    """Refuse rows of another number of features than a booster's as an InvalidInput."""
    import numpy as np

    width, shape = booster.num_feature(), np.shape(rows)
    if len(shape) != 2 or shape[1] != width:  # noqa: PLR2004 - rows and columns
        raise InvalidInput(f"expected an array of shape (n, {width}), got {shape}")

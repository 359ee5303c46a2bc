"""Checks that a DataFrame came back unchanged: its dtypes, values, labels, names and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bento import type_name

from .dtypes import is_numpy

if TYPE_CHECKING:
    import pandas as pd


def loss(before: pd.DataFrame, after: pd.DataFrame) -> str | None:
    """The first difference, or None if there is none. Columns are compared first, then the rest."""
    if not _same_index(before.columns, after.columns):
        return "the names of the columns: use texts, or whole numbers"
    for position, name in enumerate(before.columns):
        lost = _loss_of_column(before.iloc[:, position], after.iloc[:, position])
        if lost:
            return f"column {name!r:.60}: {lost}: convert it, or drop it"
    if not _same_index(before.index, after.index):
        return f"the index {_described(before.index)}, which would come back as one {_described(after.index)}: convert it, or leave it out"
    if not before.flags.allows_duplicate_labels:
        return "the flag that labels differ: use set_flags(allows_duplicate_labels=True)"
    if before.attrs != after.attrs:
        return f"the attributes {before.attrs!r:.60}: use nothing but JSON in attrs"
    return None


def _loss_of_column(before: pd.Series, after: pd.Series) -> str | None:
    if not _same_dtype(before.dtype, after.dtype):
        return f"its {_dtype(before)} would come back as {_dtype(after)}"
    if before.dtype != object:
        return None if before.reset_index(drop=True).equals(after.reset_index(drop=True)) else "its values would change"
    for row, (one, other) in enumerate(zip(before, after, strict=True)):
        if not _same(one, other):
            return f"the {type_name(one)} in row {row} would come back as {type_name(other)} {other!r:.60}"
    return None


def _same_index(one: pd.Index, other: pd.Index) -> bool:
    dtypes = ([index.dtype] if index.nlevels == 1 else list(index.dtypes) for index in (one, other))
    return (
        all(map(_same_dtype, *dtypes))
        and list(one.names) == list(other.names)
        and one.equals(other)
        and (one.dtype != object or all(map(_same, one, other)))
        and getattr(one, "freq", None) == getattr(other, "freq", None)
    )


def _same_dtype(one: Any, other: Any) -> bool:
    """Whether two dtypes are equal, including the order of categories. How texts are stored in memory is ignored."""
    if type(one) is not type(other):
        return False
    categories = getattr(one, "categories", None)
    if categories is not None and not is_numpy(one):
        return one == other and _same_dtype(categories.dtype, other.categories.dtype) and list(categories) == list(other.categories)
    if type(one).__name__ == "StringDtype":
        return repr(one) == repr(other)
    return bool(one == other)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal in type and value. All values that pandas treats as missing are equal."""
    import pandas as pd

    if pd.api.types.is_scalar(one) and pd.isna(one):
        return bool(pd.api.types.is_scalar(other) and pd.isna(other))
    if type(one) is not type(other):
        return False
    if hasattr(one, "__array__"):
        return bool(one.dtype == other.dtype and one.shape == other.shape and (one == other).all())
    return bool(one == other)


def _dtype(series: pd.Series) -> str:
    categories = getattr(series.dtype, "categories", None)
    if categories is None:
        return str(series.dtype)
    order = "ordered" if series.dtype.ordered else "unordered"
    return f"{order} categories {list(categories)!r:.60} of {categories.dtype}"


def _described(index: pd.Index) -> str:
    freq = getattr(index, "freqstr", None)
    kind = f"of {index.dtype}" if index.nlevels == 1 else f"of {index.nlevels} levels"
    return f"{kind} with the frequency {freq!r}" if freq else f"{kind} without a frequency" if hasattr(index, "freq") else kind

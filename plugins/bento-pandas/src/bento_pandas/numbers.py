"""Converting columns to numbers and booleans. No value is truncated to fit."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from .columns import Column

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from .dtypes import DType

    Array = np.ndarray[Any, Any]

_LARGEST = sys.float_info.max
EXACT = 2**53 - 1
"""Larger floats may already have been rounded, so it is unknown which integer was meant."""


def to_integer(column: Column, dtype: DType) -> pd.Series:
    """A column in an integer dtype. Its values must be whole numbers in the range of the dtype."""
    import numpy as np

    limits = np.iinfo(getattr(dtype, "numpy_dtype", dtype))
    low, high = int(limits.min), int(limits.max)
    wanted = f"a whole number from {low} to {high} for {dtype}"
    if _is_numeric(column.series):
        column.require(column.missing | _are_whole(column.series, low, high), wanted)
        return column.series.astype(dtype)
    return _from_objects(column, dtype, int, [_is_number(value) and _is_whole(value, low, high) for value, _ in column.values()], wanted)


def to_number(column: Column, dtype: DType) -> pd.Series:
    """A column in a float dtype. Its values must be numbers in the range of the dtype, to which they are rounded."""
    import numpy as np

    wanted = f"a number in the range of {dtype}"
    if not _is_numeric(column.series):
        # Compared without conversion, because a whole number may have thousands of digits and not fit any float.
        fits = [_is_number(value) and not _LARGEST < abs(value) < math.inf for value, _ in column.values()]
        series = _from_objects(column, "float64", float, fits, wanted)
        column = Column(column.name, series, column.missing)
    with np.errstate(over="ignore"):
        converted = column.series.astype(dtype)
    before, after = (series.to_numpy("float64", na_value=np.nan) for series in (column.series, converted))
    column.require(np.isfinite(after) | ~np.isfinite(before), wanted)
    return converted


def to_boolean(column: Column, dtype: DType) -> pd.Series:
    """A column of booleans. Its values must be true and false, or 1 and 0."""
    wanted = f"true or false for {dtype}"
    if _is_numeric(column.series):
        column.require(column.missing | _are_whole(column.series, 0, 1), wanted)
        return column.series.astype(dtype)
    return _from_objects(column, dtype, bool, [_is_number(value) and value in (0, 1) for value, _ in column.values()], wanted)


def _from_objects(column: Column, dtype: DType, kind: type, fits: list[bool], wanted: str) -> pd.Series:
    import pandas as pd

    column.require([gone or fit for fit, (_, gone) in zip(fits, column.values(), strict=True)], wanted)
    values = [None if gone else kind(value) for value, gone in column.values()]
    return pd.Series(values, index=column.series.index, dtype=dtype)


def _is_numeric(series: pd.Series) -> bool:
    return series.dtype.kind in "biuf"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _is_whole(value: float, low: int, high: int) -> bool:
    if isinstance(value, float):
        low, high = max(low, -EXACT), min(high, EXACT)
    return low <= value <= high and value % 1 == 0


def _are_whole(series: pd.Series, low: int, high: int) -> pd.Series:
    """Which numbers of a column are whole and in a range. The result for missing values may be either."""
    known = series.dropna()
    if series.dtype.kind == "f":
        fits = (series >= max(low, -EXACT)) & (series <= min(high, EXACT)) & (series % 1 == 0)
        return fits.fillna(value=False).astype(bool)
    if series.dtype.kind == "b" or known.empty or (low <= int(known.min()) and int(known.max()) <= high):
        return series.notna()
    # Compared as Python integers, because a bound may be outside the range of the column's own dtype.
    return series.map(lambda value: low <= value <= high, na_action="ignore").fillna(value=False).astype(bool)


def fitted(numbers: Array, dtype: DType) -> Array | None:
    """Numbers in a NumPy dtype, or None if a quick check does not show that all of them fit."""
    import numpy as np

    if numbers.dtype == dtype:
        return numbers
    if not numbers.size or numbers.dtype.kind not in "iuf":
        return None
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            converted = numbers.astype(dtype)
        return converted if np.isfinite(converted).all() else None
    limits = np.iinfo(dtype)
    if numbers.dtype.kind == "f" or not limits.min <= int(numbers.min()) <= int(numbers.max()) <= limits.max:
        return None
    return numbers.astype(dtype)

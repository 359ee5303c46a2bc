"""Whether two answers are the same, as far as a kit can tell without knowing what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def same(one: Any, other: Any) -> bool:
    """Equal in type and value, through lists, tuples, dicts and dataclasses.

    NaN equals NaN, arrays and tables compare with their dtypes.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if callable(getattr(one, "equals", None)):
        return bool(one.equals(other))
    if hasattr(one, "__array__"):
        return _same_array(one, other)
    return _same_value(one, other)


def _same_value(one: Any, other: Any) -> bool:
    if is_dataclass(one) and not isinstance(one, type):
        # Their own `==` takes no arrays, and one written for that seldom asks about dtypes.
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one) if field.compare)
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - NaN


def _same_array(one: Any, other: Any) -> bool:
    import numpy as np

    first, second = np.asarray(one), np.asarray(other)
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    if first.dtype.hasobject:
        return same(first.tolist(), second.tolist())
    return first.tobytes() == second.tobytes() or bool(np.array_equal(first, second, equal_nan=first.dtype.kind in "fcmM"))

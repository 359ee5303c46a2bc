"""Whether two answers are the same, as far as a kit can tell without knowing their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal in type and value, at every level of lists, tuples, dicts and dataclasses.

    NaN equals NaN. Arrays and tables must have equal dtypes.
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
        # The generated `==` of a dataclass fails on arrays, and a hand-written one seldom compares dtypes.
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

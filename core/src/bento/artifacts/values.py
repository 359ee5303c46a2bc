"""Values reduced to what JSON can keep, such as the parameters of an estimator."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..artifact import JSON


def json_values(values: Mapping[str, Any]) -> dict[str, JSON]:
    """The values that JSON can keep: tuples become lists, and NumPy scalars become numbers.

    All others are left out. In an estimator's parameters, those are functions and random number generators, which only training needs.
    """
    told = {name: _plain(value) for name, value in values.items()}
    return {name: value[0] for name, value in told.items() if value}


def _plain(value: Any) -> tuple[JSON, ...]:
    """A tuple of one value as JSON, or an empty tuple if JSON cannot keep it."""
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value
    if isinstance(value, list | tuple):
        items = [_plain(item) for item in value]
        return ([item for (item,) in items],) if all(items) else ()
    if isinstance(value, dict):
        values = {key: _plain(item) for key, item in value.items()}
        return ({key: item for key, (item,) in values.items()},) if all(values.values()) and all(type(key) is str for key in values) else ()
    return (value,) if value is None or type(value) in (bool, int, str) or (type(value) is float and isfinite(value)) else ()

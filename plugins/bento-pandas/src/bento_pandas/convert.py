"""Converting a column to another dtype. If a value would be lost, the request is refused with the column, the value and the row.

Numbers become numbers: integers of another width if they fit; whole floats become integers; floats are rounded, but not to infinity; true
and false become 1 and 0. Texts become times if they are ISO 8601, with an offset if the dtype has a time zone, and without one otherwise.
Nothing becomes text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bento import InvalidInput

from .collisions import MANY, check_texts
from .columns import Column
from .dtypes import DType, has_room, is_numpy, kind_of
from .numbers import EXACT, to_boolean, to_integer, to_number

if TYPE_CHECKING:
    import pandas as pd

_OFFSET = re.compile(r"(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$")
_LONGEST_OFFSET = 6
_NUMBER = re.compile(r"\s*[+-]?[0-9.]+\s*")
_SHOWN = 10
_WANTED = {"integer": "a whole number", "boolean": "true or false"}


def infer(values: Sequence[Any]) -> pd.Series:
    """A column as pandas makes it of values. Only integers with missing values do not become floats if a float would round them."""
    import pandas as pd

    series = pd.Series(values)
    if series.dtype == "float64" and series.abs().max() >= EXACT and any(type(value) is int and abs(value) > EXACT for value in values):
        return pd.Series(values, dtype=object)
    return series


def convert(series: pd.Series, dtype: DType, name: Any) -> pd.Series:
    """The column converted to a dtype. An InvalidInput, which names the column, if a value would be lost."""
    kind = kind_of(dtype) or ""
    if series.dtype == dtype and kind != "category":
        return series
    if kind_of(series.dtype) == "category" and kind != "category":
        series = series.astype(object)
    column = Column(name, series, series.isna())
    if not has_room(dtype):
        column.require(~column.missing, f"{_WANTED[kind]} for {dtype}")
    return _CONVERTERS[kind](column, dtype)


def _to_text(column: Column, dtype: DType) -> pd.Series:
    if kind_of(column.series.dtype) != "text":
        column.require([gone or isinstance(value, str) for value, gone in column.values()], "a text")
    return column.series.astype(object if is_numpy(dtype) else dtype)


def _to_category(column: Column, dtype: DType) -> pd.Series:
    if column.series.dtype.kind == "O":
        column.require([not isinstance(value, list | dict) for value, _ in column.values()], "a text or a number")
    if len(column.series) >= MANY and kind_of(column.series.dtype) in ("object", "text"):
        check_texts((value for value, _ in column.values() if isinstance(value, str)), len(column.series))
    if dtype.categories is not None:
        column.require(column.series.isin(dtype.categories) | column.missing, f"one of {_listed(dtype.categories.tolist())}")
    return column.series.astype(dtype)


def _to_time(column: Column, dtype: DType) -> pd.Series:
    zone = getattr(dtype, "tz", None)
    wanted = f"a time as ISO 8601 text, {'without' if zone is None else 'with'} an offset, for {dtype}"
    times = _times(column, wanted, has_zone=zone is not None)
    if (times.dt.tz is None) != (zone is None):
        column.require(column.missing, wanted)
    return _in_unit(column, times if zone is None else times.dt.tz_convert(zone), dtype)


def _times(column: Column, wanted: str, *, has_zone: bool) -> pd.Series:
    """A column of times from texts, dates or times. Numbers are refused, because their unit would be ambiguous."""
    import pandas as pd

    if column.series.dtype.kind == "M":
        return column.series
    texts = [isinstance(value, str) for value, gone in column.values() if not gone]
    if all(texts) and kind_of(column.series.dtype) in ("text", "object"):
        column.require([gone or _has_offset(value) == has_zone for value, gone in column.values()], wanted)
    else:
        column.require([gone or _is_time(value, has_zone=has_zone) for value, gone in column.values()], wanted)
    times = pd.to_datetime(column.series.astype(object), format="ISO8601", utc=has_zone, errors="coerce")
    column.require(times.notna() | column.missing, wanted)
    return times


def _is_time(value: Any, *, has_zone: bool) -> bool:
    """Whether a value is a Python datetime with a time zone (if `has_zone`), or a datetime without one or a date (otherwise)."""
    return hasattr(value, "isoformat") and (getattr(value, "tzinfo", None) is not None) == has_zone


def _has_offset(text: str) -> bool:
    """Whether a text ends in a time of day with an offset. Only the end is searched, because texts may be long."""
    found = _OFFSET.search(text, max(0, len(text) - _LONGEST_OFFSET))
    return found is not None and max(text.rfind("T", 0, found.start()), text.rfind(" ", 0, found.start())) >= 0


def _to_span(column: Column, dtype: DType) -> pd.Series:
    import pandas as pd

    if kind_of(column.series.dtype) == "span":
        return _in_unit(column, column.series, dtype)
    wanted = f"a number of seconds, or a time span as text, for {dtype}"
    # pandas would read a text with a bare number as nanoseconds.
    column.require([gone or _is_seconds(value) or _is_span(value) for value, gone in column.values()], wanted)
    seconds = pd.Series([_is_seconds(value) for value in column.series], index=column.series.index, dtype=bool)
    objects = column.series.astype(object)
    spans = pd.to_timedelta(objects.where(~seconds), errors="coerce")
    spans = spans.where(~seconds, pd.to_timedelta(objects.where(seconds).astype("float64"), unit="s", errors="coerce"))
    column.require(spans.notna() | column.missing, wanted)
    return _in_unit(column, spans, dtype)


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_span(value: Any) -> bool:
    return hasattr(value, "total_seconds") or (isinstance(value, str) and _NUMBER.fullmatch(value) is None)


def _in_unit(column: Column, times: pd.Series, dtype: DType) -> pd.Series:
    """Times or time spans in the resolution of a dtype. A value that would be rounded is refused."""
    import pandas as pd

    try:
        converted = times.astype(dtype)
    except (pd.errors.OutOfBoundsDatetime, pd.errors.OutOfBoundsTimedelta) as error:
        raise InvalidInput(f"column {column.name!r:.60}: expected values in the range of {dtype}: {error}") from error
    column.require((converted == times) | column.missing, f"a value that {dtype} holds without rounding")
    return converted


def _to_object(column: Column, dtype: DType) -> pd.Series:
    return column.series.astype(dtype)


def _listed(values: Sequence[Any]) -> str:
    shown = ", ".join(map(repr, values[:_SHOWN]))
    return shown if len(values) <= _SHOWN else f"{shown} or {len(values) - _SHOWN} more"


_CONVERTERS = {
    "boolean": to_boolean,
    "category": _to_category,
    "integer": to_integer,
    "number": to_number,
    "object": _to_object,
    "span": _to_span,
    "text": _to_text,
    "time": _to_time,
}

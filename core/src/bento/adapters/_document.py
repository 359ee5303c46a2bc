"""Python objects as documents: how JSON and msgpack both write the types that neither format has.

Dates, times and UUIDs become text (ISO 8601 for dates and times), a Decimal becomes the text of its digits, a timedelta its seconds, a set
a sorted list, a tuple a list, a dataclass a dict of its fields (without those that start with an underscore), an Enum its value, and
anything with `__array__` becomes lists. The missing value and the missing time of pandas become None, in lists too.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from ..artifact import instance_of

if TYPE_CHECKING:
    import numpy as np

ATOMS: frozenset[type] = frozenset({str, bool, int, float, type(None)})
"""The types that both formats write unchanged."""

_DEEPEST = 250


def simpler(value: Any) -> object:
    """One level of a value in simpler types. A TypeError says that the value cannot be written as a document."""
    array = array_of(value)
    if array is not None:
        return _from_array(array)
    if instance_of(value, "pandas.api.typing", "NAType", "NaTType"):  # NaT is also an instance of datetime
        return None
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    if instance_of(value, "uuid", "UUID") or instance_of(value, "decimal", "Decimal"):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if not field.name.startswith("_")]
        return {name: getattr(value, name) for name in names}
    raise TypeError(f"cannot write a value of type {type(value).__name__!r} in an answer: return lists, dicts, texts, numbers or arrays")


def document(value: Any, atoms: frozenset[type], convert: Callable[[Any], object], level: int = 0) -> Any:
    """The value, made of nothing but `atoms`, lists, and dicts with text keys. `convert` simplifies one level of any other value."""
    if type(value) in atoms:
        return value
    if level == _DEEPEST:
        raise ValueError(f"an answer nested deeper than {_DEEPEST} levels, or one that holds itself, cannot be written")
    if isinstance(value, list | tuple):
        return list(value) if atoms.issuperset(map(type, value)) else [document(item, atoms, convert, level + 1) for item in value]
    if isinstance(value, Mapping):
        pairs = {_key(key): document(item, atoms, convert, level + 1) for key, item in value.items()}
        if len(pairs) != len(value):
            raise ValueError("two keys of an answer would be written as the same text")
        return pairs
    converted = convert(value)
    return converted if converted is value else document(converted, atoms, convert, level + 1)


def array_of(value: Any) -> np.ndarray[Any, Any] | None:
    """The array of a NumPy array or scalar, or of any object with `__array__`; None for every other value."""
    if isinstance(value, type) or not hasattr(value, "__array__"):
        return None
    import numpy as np

    return value if isinstance(value, np.ndarray) else np.asarray(value)


def _from_array(array: np.ndarray[Any, Any]) -> object:
    """An array as nested lists, or as one value if it has no axes: times as ISO text or None, time spans as seconds."""
    import numpy as np

    kind = array.dtype.kind
    if kind == "M":
        text = np.asarray(np.datetime_as_string(array), dtype=object)
        text[np.isnat(array)] = None
        return text.tolist()
    if kind == "m":
        return (array / np.timedelta64(1, "s")).tolist()
    if kind not in "biufUSO":
        raise TypeError(f"cannot write an array of {array.dtype} in an answer: convert it to numbers or text")
    return array.tolist() if array.dtype.char != "g" else array.astype(np.float64).tolist()


def _key(key: Any) -> str:
    if isinstance(key, enum.Enum):
        return _key(key.value)
    if isinstance(key, str):
        return str(key)
    if isinstance(key, bool | None):
        return {True: "true", False: "false", None: "null"}[key]
    converted = key if isinstance(key, int | float) else simpler(key)
    if isinstance(converted, str | int | float):
        return str(converted)
    raise TypeError(f"cannot write a key of type {type(key).__name__!r} in an answer: use texts or numbers")


def _sorted(values: AbstractSet[Any]) -> list[Any]:
    """The items of a set in an order that is the same in every process."""
    return sorted(values, key=lambda value: (type(value).__name__, value if isinstance(value, int | float | str) else repr(value)))


_CONVERSIONS: tuple[tuple[Any, Callable[[Any], object]], ...] = (
    (enum.Enum, lambda value: value.value),
    (str, str),
    (int, int),
    (float, float),
    (tuple, list),
    (Mapping, dict),
    (AbstractSet, _sorted),
    ((dt.datetime, dt.date, dt.time), lambda value: value.isoformat()),
    (dt.timedelta, dt.timedelta.total_seconds),
)

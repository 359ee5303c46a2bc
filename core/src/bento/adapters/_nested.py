"""Arrays from nested lists, and error messages that say which element is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from types import NoneType
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np

NUMBERS = frozenset({int, float, bool})
OR_NULL = NUMBERS | {NoneType}
_INTEGERS = frozenset({int})
_DEEPEST = 32
_LARGEST = 8


def from_lists(value: Any, pieces: int = 1, leaves: frozenset[type] = NUMBERS, dtype: np.dtype[Any] | None = None) -> np.ndarray[Any, Any]:
    """The array of nested lists of numbers and booleans; with `OR_NULL` as `leaves`, also of None, which becomes NaN.

    The caller has made sure that no leaf is text, because NumPy would give every text the room of the longest one. A large list is read in
    about `pieces` pieces, because NumPy holds the interpreter while it reads a list. `dtype` is the dtype that the caller converts to.
    """
    import numpy as np

    if pieces > 1 and isinstance(value, list) and value:
        return _from_pieces(value, pieces, leaves, dtype)
    try:
        array = np.array(value) if dtype is None or dtype.kind != "u" or dtype.itemsize < _LARGEST else _unsigned(value, dtype)
    except ValueError:
        raise fault(value, leaves) from None
    if array.dtype.kind == "O" and NoneType in leaves and leaves.issuperset(map(type, array.flat)):
        array = array.astype(float)
    if array.dtype.kind not in "biuf" or array.ndim > _DEEPEST:
        raise fault(value, leaves)
    return of_own_type(array)


def of_own_type(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array with `uint64` in place of `ulonglong`, which NumPy makes of integers beyond `int64` and PyTorch does not know."""
    return array.view("uint64") if array.dtype.kind == "u" else array


def _unsigned(value: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Integers as `uint64`. Without a dtype, NumPy makes floats of a list with integers both below and above 2**63.

    The dtype is passed only if no integer is negative, because NumPy before 2.0 would wrap negative ones around.
    """
    import numpy as np

    array = np.array(value)
    if array.dtype.kind == "f" and bool((array >= 0).all()) and only_leaves(value, _INTEGERS):
        return np.array(value, dtype)
    return array


def _from_pieces(value: list[Any], pieces: int, leaves: frozenset[type], dtype: np.dtype[Any] | None) -> np.ndarray[Any, Any]:
    import numpy as np

    size = -(-len(value) // pieces)
    try:
        if len(value) < pieces:
            parts = [from_lists(child, pieces // len(value), leaves, dtype) for child in value]
        else:
            parts = [from_lists(value[start : start + size], 1, leaves, dtype) for start in range(0, len(value), size)]
        return np.stack(parts) if len(value) < pieces else np.concatenate(parts)
    except ValueError:  # from one part, or because the shapes of the parts differ
        raise fault(value, leaves) from None


def only_leaves(value: Any, leaves: frozenset[type] = NUMBERS) -> bool:
    """Whether a value is nested lists of nothing but `leaves`."""
    level = [value]
    while level:
        kinds = set(map(type, level))
        if not kinds - leaves:
            return True
        if kinds - leaves - {list}:
            return False
        level = list(chain.from_iterable(node for node in level if type(node) is list))
    return True


def fault(value: Any, leaves: frozenset[type] = NUMBERS) -> InvalidInput:
    """The error for nested lists that are not an array of `leaves`; it names the first element that does not fit those before it."""
    shape: list[int] = []
    first = value
    while isinstance(first, list) and len(shape) < _DEEPEST:
        shape.append(len(first))
        first = first[0] if first else None
    reason = next(_faults(value, shape, (), leaves), "expected numbers of at most 64 bits")
    return InvalidInput(reason)


def _faults(value: Any, shape: Sequence[int], path: tuple[int, ...], leaves: frozenset[type]) -> Iterator[str]:
    where = f" at {''.join(f'[{index}]' for index in path)}" if path else ""
    if not shape:
        if type(value) not in leaves:
            yield (
                f"expected a number{' or null' if NoneType in leaves else ''}{where}, got {_name(value)}"
                if len(path) < _DEEPEST
                else f"expected at most {_DEEPEST} axes"
            )
    elif not isinstance(value, list):
        yield f"expected a list{where}, as in the elements before it, got {_name(value)}"
    elif len(value) != shape[0]:
        yield f"expected {shape[0]} elements{where}, as in the lists before it, got {len(value)}"
    elif len(shape) > 1 or not leaves.issuperset(map(type, value)):
        for index, child in enumerate(value):
            yield from _faults(child, shape[1:], (*path, index), leaves)


def _name(value: object) -> str:
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, dict):
        keys = ", ".join(repr(str(key)[:40]) for key in list(value)[:3])
        return f"an object with the keys {keys}" if keys else "an empty object"
    return {list: "a list", type(None): "null", bytes: "bytes"}.get(type(value), f"{value!r:.40}")

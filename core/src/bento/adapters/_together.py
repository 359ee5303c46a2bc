"""Arrays of many small requests at once: all their numbers are converted in one call, and a whole result is written in one and then cut.

Each request gets exactly what it would have got alone. If that is not certain, the functions return None or raise, and the caller reads or
writes the requests one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from . import _fit, _json, _nested, _raw
from ._pieces import PIECE

if TYPE_CHECKING:
    import numpy as np

    from ..payload import ReadableBuffer

    Array = np.ndarray[Any, Any]


def read(bodies: Sequence[ReadableBuffer], shape: _fit.Shape, dtype: np.dtype[Any]) -> list[Array] | None:
    """The arrays of JSON bodies, in a declared shape and dtype. None or any exception means that they have to be read one by one."""
    import numpy as np

    # One call converts all the numbers, and holds the interpreter meanwhile.
    if not shape or sum(map(len, bodies)) > PIECE:
        return None
    has_rows = shape[0] is None
    found = _plain(bodies, shape) or _parsed(bodies, has_rows=has_rows)
    if found is None:
        return None
    array, counts = found
    if array.dtype.kind not in "biuf" or not _fit.fits(array.shape if has_rows else array.shape[1:], shape):
        return None
    # If one request of the batch has floats, NumPy reads the integers of the others as floats, too, which are exact up to this bound.
    if array.dtype != dtype and array.dtype.kind == "f" and not np.abs(array).max(initial=0) <= _fit.EXACT:
        return None
    array = _fit.convert(array, dtype)
    return _rows_of(array, counts) if has_rows else list(array)


def _plain(bodies: Sequence[ReadableBuffer], shape: _fit.Shape) -> tuple[Array, list[int]] | None:
    """The numbers of bodies in one array, and how many rows each has."""
    import numpy as np

    # Imported here because it loads compiled code, which takes 3 ms, and `import bento` does not need it.
    from ._numbers import plain_numbers

    found = plain_numbers(bodies, shape)
    if found is None:
        return None
    numbers, counts = found
    first = sum(counts) if shape[0] is None else len(counts)
    return np.frombuffer(numbers).reshape(first, *(shape[1:] if shape[0] is None else shape)), counts


def _parsed(bodies: Sequence[ReadableBuffer], *, has_rows: bool) -> tuple[Array, list[int]] | None:
    """The same as `_plain`, for any JSON without texts."""
    import numpy as np
    import orjson

    if b'"' in b"".join(bodies):
        return None
    values = list(map(orjson.loads, bodies))
    if set(map(type, values)) != {list} or not all(values):
        return None
    array = np.array(list(chain.from_iterable(values)) if has_rows else values)
    return _nested.of_own_type(array), list(map(len, values))


def read_alike(bodies: Sequence[ReadableBuffer], layout: _raw.Layout, first: Array) -> list[Array] | None:
    """The arrays of bodies that differ only in their numbers. `layout` is that of the first body, and `first` is its array.

    None or any exception means that the bodies differ in more, and have to be read one by one.
    """
    data, dtype, shape, fortran_order = layout
    # Without an axis in each body, the items of the stacked array would be scalars and not arrays.
    if not first.ndim or fortran_order or len(bodies[0]) * len(bodies) > PIECE:
        return None
    body = bodies[0]
    start = _address(data) - _address(body)
    stop = start + len(data)
    before, behind = body[:start], body[stop:]
    if not all(type(each) is bytes and each[:start] == before and each[stop:] == behind for each in bodies):
        return None
    text = b"".join([each[start:stop] for each in bodies])
    array = _fit.convert(_raw.view((text, dtype, [len(bodies), *shape], False)), first.dtype)
    if array.shape[1:] != first.shape or array.flags.writeable != first.flags.writeable:
        return None
    return list(array)


def _address(buffer: ReadableBuffer) -> int:
    """The address in memory at which a buffer begins."""
    import numpy as np

    address: int = np.frombuffer(buffer, np.uint8).__array_interface__["data"][0]
    return address


def _rows_of(array: Array, counts: list[int]) -> list[Array]:
    """An array cut into parts of `counts` rows."""
    if min(counts) == max(counts):
        return list(array.reshape(len(counts), counts[0], *array.shape[1:]))
    return [array[end - count : end] for end, count in zip(accumulate(counts), counts, strict=True)]


def write(array: Array, rows: Sequence[int | None]) -> Sequence[bytes] | None:
    """The JSON texts of an array's parts, each of `rows` rows, or of one element for None. Returns None if each must be written alone."""
    counts = [1 if count is None else count for count in rows]
    axes = array.ndim
    if not axes or not array.size or array.nbytes > PIECE or not all(counts) or sum(counts) != len(array):
        return None
    before, between, after = b"[" * axes, b"]" * (axes - 1) + b"," + b"[" * (axes - 1), b"]" * axes
    numbers = _json.dump_numbers(array)[axes:-axes]
    kinds = set(rows)
    if kinds == {1}:
        return _cut(numbers, before, between, after)
    if kinds == {None}:
        return _cut(numbers, before[1:], between, after[1:])
    if None in kinds:
        return None
    texts = numbers.split(between)
    ends = accumulate(counts)
    return [before + between.join(texts[end - count : end]) + after for end, count in zip(ends, counts, strict=True)]


def _cut(numbers: bytes, before: bytes, between: bytes, after: bytes) -> list[bytes]:
    """The parts of a text, each between `before` and `after`. Adding these before cutting takes half as long as one by one."""
    return (before + numbers.replace(between, after + b"\n" + before) + after).split(b"\n")

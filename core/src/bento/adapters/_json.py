"""Reading and writing JSON: the reader is strict, the writer takes anything that a model usually returns."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from ..errors import BadInput
from ..payload import UTF8
from . import _pieces
from ._document import ATOMS, array_of, document, simpler

if TYPE_CHECKING:
    from ..payload import Payload

DEEPEST = 100
"""The most levels of lists and objects that a document may have."""

_NESTING = frozenset({list, dict})
_LARGE = _pieces.LARGE
_MANY = 10_000
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def source(payload: Payload) -> bytes | bytearray | str:
    """The JSON text of a payload as the parser takes it: bytes if the charset is UTF-8, text if it is another one."""
    if payload.parameters and payload.parameters.get("charset", "utf-8").lower() not in UTF8:
        return payload.text()
    return bytes(payload.data) if isinstance(payload.data, memoryview) else payload.data


def parse(text: bytes | bytearray | str) -> Any:
    """The value of a JSON text.

    Bare NaN and Infinity are refused. If a key appears twice, the last one counts, as in Python and JavaScript. Integers beyond 64 bits
    become floats. A large text is also refused if it has more than `DEEPEST` levels or too many lists and objects.
    """
    import orjson

    if len(text) > _LARGE:
        return _pieces.parse(text.encode() if isinstance(text, str) else text, DEEPEST)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        _pieces.check_memory(error)
        raise BadInput(f"the body is not JSON: {error}") from error


def load(payload: Payload) -> Any:
    """The value of a JSON payload, of at most `DEEPEST` levels."""
    return load_text(source(payload))


def load_text(text: bytes | bytearray | str) -> Any:
    """The value of a JSON text, of at most `DEEPEST` levels."""
    value = parse(text)
    if DEEPEST < len(text) <= _LARGE and not _has_few_brackets(text):
        check_depth(value)
    return value


def check_depth(value: Any) -> None:
    """Refuse a value of more than `DEEPEST` levels, because code that walks through it later could exceed its recursion limit."""
    level = [value] if type(value) in _NESTING else []
    for _ in range(DEEPEST):
        below = [node.values() if type(node) is dict else node for node in level]
        level = [child for nodes in below if not _NESTING.isdisjoint(map(type, nodes)) for child in nodes if type(child) in _NESTING]
        if not level:
            return
    raise BadInput(f"the body is nested deeper than {DEEPEST} levels")


def dump(value: object) -> bytes:
    """A value as JSON text in UTF-8. NaN and infinities become null; bytes become text if they are UTF-8, otherwise `{"b64": "..."}`."""
    import orjson

    if type(value) is list and len(value) > _MANY:
        # In pieces, because one call of the library holds the interpreter until it is done.
        return b"[" + b",".join(dump(value[start : start + _MANY])[1:-1] for start in range(0, len(value), _MANY)) + b"]"
    try:
        return orjson.dumps(value, default=_convert)
    except orjson.JSONEncodeError as error:
        if error.__cause__ is not None and not isinstance(error.__cause__, OverflowError):
            raise error.__cause__ from None
        # The library refuses keys that are not text and integers beyond 64 bits.
        return orjson.dumps(document(value, (ATOMS - {int}) | {orjson.Fragment}, _convert))


def dump_numbers(array: Any) -> bytes:
    """An array of numbers or booleans as JSON text, read directly from its memory.

    Do not pass arrays of times: the library writes a missing time as a time in the year 1677.
    """
    import orjson

    if array.ndim and array.nbytes <= _LARGE:
        try:
            return orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)
        except orjson.JSONEncodeError:
            pass  # not contiguous, or of another byte order: for small arrays, checking first takes longer than trying
    import numpy as np

    if not (array.dtype.isnative and array.flags.c_contiguous and array.ndim):
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")) if array.ndim else array[()]
    if array.nbytes <= _LARGE or not array.ndim:
        return orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)
    # In pieces, because one call of the library holds the interpreter until it is done.
    rows = max(1, len(array) * _LARGE // array.nbytes)
    if rows == 1 and array.ndim > 1:
        return b"[" + b",".join(map(dump_numbers, array)) + b"]"
    return b"[" + b",".join(dump_numbers(array[start : start + rows])[1:-1] for start in range(0, len(array), rows)) + b"]"


def check_finite(value: object) -> None:
    """Raise a ValueError if a value contains NaN or an infinity, at any level."""
    document(value, ATOMS - {float}, _finite)


def _has_few_brackets(text: bytes | bytearray | str) -> bool:
    """Whether a text has so few brackets that it cannot be nested too deep."""
    opening = text.count("[") + text.count("{") if isinstance(text, str) else text.count(b"[") + text.count(b"{")
    return opening <= DEEPEST


def _convert(value: Any) -> object:
    if isinstance(value, float):  # a subclass, such as numpy.float64
        return float(value)
    if type(value) is int:
        return _integer(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _text(bytes(value))
    array = array_of(value)
    if array is not None and array.dtype.kind in "biuf" and array.dtype.char != "g" and not hasattr(array, "mask"):
        import orjson

        return orjson.Fragment(dump_numbers(array))
    return simpler(value)


def _integer(value: int) -> object:
    import orjson

    return value if _SMALLEST <= value <= _LARGEST else orjson.Fragment(str(value))


def _text(value: bytes) -> object:
    try:
        return value.decode()
    except UnicodeDecodeError:
        from base64 import b64encode

        return {"b64": b64encode(value).decode()}


def _finite(value: Any) -> object:
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"the answer holds {value}, which JSON cannot: return a finite number, or let it become null with nan='null'")
    return value if isinstance(value, float | bytes | bytearray | memoryview) else simpler(value)

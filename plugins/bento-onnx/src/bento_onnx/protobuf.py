"""The wire format of protocol buffers, as far as it is needed to walk through a message.

Source: protobuf.dev, "Encoding". This reader checks a file before ONNX Runtime's own reader, which trusts it.
"""

from __future__ import annotations

from collections.abc import Iterator

Value = int | memoryview
"""A number, or the bytes of a text, a message or several packed numbers. Fixed-width numbers are bytes too."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
_NEGATIVE = 1 << 63


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Each field's number and value, in order. A ValueError if a field does not fit into the message."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if kind == _BYTES:
            size, position = _varint(message, position)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"byte {position} begins no field")
        if size > len(message) - position:
            raise ValueError(f"a field of {size} bytes in {len(message) - position}")
        yield number, message[position : position + size]
        position += size


def varints(packed: Value) -> Iterator[int]:
    """The signed numbers in a value of a repeated field, which is packed numbers or a single number."""
    if isinstance(packed, int):
        yield _signed(packed)
        return
    position = 0
    while position < len(packed):
        value, position = _varint(packed, position)
        yield _signed(value)


def _signed(value: int) -> int:
    return value - 2 * _NEGATIVE if value >= _NEGATIVE else value


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """A number with seven bits per byte, and the position where it ends."""
    value = 0
    for index, byte in enumerate(message[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more bytes follow
            return value & (2 * _NEGATIVE - 1), position + index + 1
    raise ValueError(f"the number at byte {position} has no end")

"""Thrift's compact protocol, in which the footer and the page headers of a Parquet file are written. Source: thrift-compact-protocol.md

pyarrow's own parser cannot be used for the checks: it does not compare a footer with the pages, so fifty kilobytes of footer can make it
unpack gigabytes, and for an invalid field `RowGroupMetaData.column` ends the process. This parser must never read a header differently from
pyarrow. So it refuses everything that libraries read in different ways: a field that appears twice, an integer that is wider than its type,
and a list with other elements than Parquet defines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

I16, I32, I64, BINARY, LIST, STRUCT = 4, 5, 6, 8, 9, 12
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _SET = 0, 1, 2, 3, 7, 10
_BITS = {I16: 16, I32: 32, I64: 64}
_DEEPEST = 8
_LONGEST = 10
"""In bytes: the length of the longest integer."""

Shape = Any
"""What a field must be: a kind, a list with the shape of its elements, or the shapes of a struct's fields by their numbers."""
Struct = dict[int, Any]


class Reader:
    """Reads structs from bytes: whole numbers, lists and structs, by field number. It reads at most `budget` fields and elements."""

    __slots__ = ("_budget", "_data", "position")

    def __init__(self, data: memoryview, position: int, budget: int) -> None:
        self._data = data
        self.position = position
        self._budget = budget

    def struct(self, shapes: Mapping[int, Shape], level: int = 0) -> Struct:
        """The next struct. Only fields in `shapes` are returned. A ValueError or an IndexError if there is no valid struct."""
        if level > _DEEPEST:
            raise ValueError("it is nested too deeply")
        fields: Struct = {}
        number = 0
        while (byte := self._byte()) != _STOP:
            self._spend()
            before = number
            number = before + (byte >> 4) if byte >> 4 else self._integer(I16)
            if number <= before:
                raise ValueError("its fields are out of order")
            fields[number] = self._value(byte & 15, shapes.get(number), level)
        return {number: value for number, value in fields.items() if number in shapes}

    def _value(self, kind: int, shape: Shape, level: int) -> Any:
        if shape is not None and kind != _kind(shape):
            raise ValueError(f"it has a field of type {kind} where {_kind(shape)} was expected")
        if kind in _BITS:
            return self._integer(kind)
        if kind == STRUCT:
            return self.struct(shape or {}, level + 1)
        if kind in (LIST, _SET):
            return self._list(shape, level)
        if kind in (_TRUE, _FALSE):
            return None
        self._skip(kind)
        return None

    def _list(self, shape: Shape, level: int) -> list[Any]:
        byte = self._byte()
        size = byte >> 4 if byte >> 4 != 15 else self._varint()  # noqa: PLR2004 - 15 means that the size follows
        kind = _BYTE if byte & 15 in (_TRUE, _FALSE) else byte & 15
        values = []
        for _ in range(size):
            self._spend()
            values.append(self._value(kind, shape and shape[0], level))
        return values

    def _skip(self, kind: int) -> None:
        if kind == BINARY:
            length = self._varint()
            self.position += length
        elif kind in (_BYTE, _DOUBLE):
            self.position += 1 if kind == _BYTE else 8
        else:
            raise ValueError(f"it has a field of type {kind}")

    def _integer(self, kind: int) -> int:
        number = self._varint()
        if number >> _BITS[kind]:
            raise ValueError("it has an integer that is too large")
        return number >> 1 ^ -(number & 1)

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 7 * _LONGEST, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:  # noqa: PLR2004 - the bit that says that more bytes follow
                return number
        raise ValueError("it has an integer that does not end")

    def _byte(self) -> int:
        byte: int = self._data[self.position]
        self.position += 1
        return byte

    def _spend(self) -> None:
        self._budget -= 1
        if self._budget < 0:
            raise ValueError("it is made of too many small parts")


def _kind(shape: Shape) -> int:
    if isinstance(shape, int):
        return shape
    return LIST if isinstance(shape, list) else STRUCT

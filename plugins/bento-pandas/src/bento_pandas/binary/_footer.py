"""What reading a Parquet file takes: what its footer says, and what the headers of its pages say, which pyarrow believes.

Source: parquet.thrift; the numbers of fields are its.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bento import BadInput

from ._thrift import BINARY, I32, I64, Reader, Shape, Struct

_MAGIC = b"PAR1"
_SIZE_AND_MAGIC = 8
_SCHEMA, _ROWS, _GROUPS = 2, 3, 4
_COLUMNS, _GROUP_ROWS = 1, 3
_META = 3
_VALUES, _LENGTH, _DATA_OFFSET, _DICTIONARY_OFFSET = 5, 7, 9, 11
_KIND, _UNPACKED, _PACKED, _DATA, _DATA_2 = 1, 2, 3, 5, 8
_PAGE_VALUES, _ENCODING, _ENCODING_2 = 1, 2, 4
# Every list that pyarrow knows is here, read or not: it takes one for what it expects, whatever the file says of its elements.
_CHUNK: Shape = {
    _META: {
        2: [I32],
        3: [BINARY],
        _VALUES: I64,
        _LENGTH: I64,
        8: [{}],
        _DATA_OFFSET: I64,
        _DICTIONARY_OFFSET: I64,
        13: [{}],
        16: {2: [I64], 3: [I64]},
        17: {2: [I32]},
    },
    8: {2: {1: [BINARY]}},
}
_FOOTER: Shape = {_SCHEMA: [{}], _ROWS: I64, _GROUPS: [{_COLUMNS: [_CHUNK], _GROUP_ROWS: I64, 4: [{}]}], 5: [{}], 7: [{}]}
_PAGE: Shape = {
    _KIND: I32,
    _UNPACKED: I32,
    _PACKED: I32,
    _DATA: {_PAGE_VALUES: I32, _ENCODING: I32},
    _DATA_2: {_PAGE_VALUES: I32, _ENCODING_2: I32},
}
_DICTIONARY_PAGE = 2
_DELTA_BYTE_ARRAY = 7
_BUDGET = 500_000
"""Fields of a footer; a column chunk has about forty."""
_PAGE_BUDGET = 100
_MOST_PAGES = 10_000
_BYTES_PER_PAGE = 1024
"""Pages are of about a megabyte; a file may have more than that many if it has this many bytes for each."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What reading a file takes: rows, columns, and the bytes that its pages unpack to. Columns are counted."""

    rows: int
    columns: int
    unpacked: int
    dictionaries: frozenset[int]
    """The columns that keep values in a dictionary."""
    deltas: frozenset[int]
    """The columns whose texts are made of those before them."""
    values: Mapping[int, int]
    """How many values the pages of a column say that they have: more than rows, if they are in lists."""


def contents(data: memoryview, *, parts: int = 0) -> Contents:
    """The contents of a Parquet file; one that makes no sense, or is made of more than `parts` small ones, is a BadInput.

    How many parts a body may have at least is known here.
    """
    try:
        return _contents(data, _footer(data, max(parts, _BUDGET)), max(parts, _MOST_PAGES, len(data) // _BYTES_PER_PAGE))
    except (ValueError, TypeError, LookupError) as error:
        raise error if isinstance(error, BadInput) else damaged(str(error)) from error


def damaged(why: str) -> BadInput:
    """The refusal of a file."""
    return BadInput(f"the Parquet file is damaged: {why}")


def _footer(data: memoryview, budget: int) -> Struct:
    end = len(data) - _SIZE_AND_MAGIC
    if end < len(_MAGIC) or bytes(data[-4:]) != _MAGIC:
        raise damaged(f"it does not end in {_MAGIC.decode()}")
    start = end - int.from_bytes(data[end : end + 4], "little")
    if start < len(_MAGIC):
        raise damaged("its footer is larger than the file")
    return Reader(data[:end], start, budget).struct(_FOOTER)


def _contents(data: memoryview, footer: Struct, most_pages: int) -> Contents:
    unpacked, pages = 0, 0
    dictionaries: set[int] = set()
    deltas: set[int] = set()
    values: Counter[int] = Counter()
    groups = footer.get(_GROUPS, [])
    for group in groups:
        for column, chunk in enumerate(group[_COLUMNS]):
            for header in _headers(data, *_span(chunk[_META])):
                pages += 1
                unpacked += header[_UNPACKED]
                values[column] += (header.get(_DATA) or header.get(_DATA_2) or {}).get(_PAGE_VALUES, 0)
                if header[_KIND] == _DICTIONARY_PAGE:
                    dictionaries.add(column)
                elif _encoding(header) == _DELTA_BYTE_ARRAY:
                    deltas.add(column)
            if pages > most_pages:
                raise damaged("it is made of too many small pages")
    rows = max(footer[_ROWS], sum(group[_GROUP_ROWS] for group in groups))
    return Contents(rows, len(footer[_SCHEMA]) - 1, unpacked, frozenset(dictionaries), frozenset(deltas), values)


def _span(chunk: Struct) -> tuple[int, int]:
    """Where the pages of a column chunk start and end, as Arrow's reader takes them."""
    if not chunk[_VALUES]:
        return 0, 0  # no page is read, and where they are is not always told
    start = chunk[_DATA_OFFSET]
    dictionary = chunk.get(_DICTIONARY_OFFSET, 0)
    if 0 < dictionary < start:
        start = dictionary
    return start, start + chunk[_LENGTH]


def _headers(data: memoryview, position: int, end: int) -> Iterator[Struct]:
    if not 0 <= position <= end <= len(data):
        raise damaged("a column is not where the footer says")
    while position < end:
        reader = Reader(data, position, _PAGE_BUDGET)
        header = reader.struct(_PAGE)
        if min(header[_UNPACKED], header[_PACKED]) < 0 or _KIND not in header:
            raise damaged("a page has no size")
        yield header
        position = reader.position + header[_PACKED]
    if position > end:
        raise damaged("a page is longer than its column")


def _encoding(header: Struct) -> Any:
    return header[_DATA].get(_ENCODING) if _DATA in header else header.get(_DATA_2, {}).get(_ENCODING_2)

"""The size of a Parquet file's contents, from its footer and from the headers of its pages, which pyarrow trusts.

Source: parquet.thrift, which also defines the numbers of the fields.
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
# Contains all lists that pyarrow knows, even if they are not used here, because pyarrow does not check the declared type of their elements.
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
"""The most fields in a footer. A column chunk has about forty."""
_PAGE_BUDGET = 100
_MOST_PAGES = 10_000
_BYTES_PER_PAGE = 1024
"""A file may have more than `_MOST_PAGES` pages if it has at least this many bytes for each. Usual pages have about a megabyte."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The number of rows and columns, and the bytes that the pages unpack to. The sets below contain the numbers of columns."""

    rows: int
    columns: int
    unpacked: int
    dictionaries: frozenset[int]
    """The columns that have a dictionary."""
    deltas: frozenset[int]
    """The columns in which texts are stored as differences from the text before (DELTA_BYTE_ARRAY)."""
    values: Mapping[int, int]
    """The number of values that the pages of each column declare. Inside lists there may be more values than rows."""


def contents(data: memoryview, *, parts: int = 0) -> Contents:
    """The contents of a Parquet file. A BadInput if it is damaged, or consists of too many small parts (fields or pages).

    A body may always have as many parts as the constants here allow; `parts` allows for more.
    """
    try:
        return _contents(data, _footer(data, max(parts, _BUDGET)), max(parts, _MOST_PAGES, len(data) // _BYTES_PER_PAGE))
    except (ValueError, TypeError, LookupError) as error:
        raise error if isinstance(error, BadInput) else damaged(str(error)) from error


def damaged(why: str) -> BadInput:
    """The error for a damaged file."""
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
    """Where the pages of a column chunk start and end, by the same rules as in Arrow's reader."""
    if not chunk[_VALUES]:
        return 0, 0  # no page is read, and the offsets may be missing
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

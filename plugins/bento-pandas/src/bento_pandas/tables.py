"""Tables that will become DataFrames: names, values and labels as plain Python objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bento import InvalidInput, TooLarge

Label = Any
"""The name of a column or the label of a row: usually a text, sometimes a number."""

MOST_COLUMNS = 1 << 14
"""As many as in a spreadsheet, because pandas takes tens of microseconds for each. If `columns` names more, more are allowed."""
CELL = 8
"""In bytes: the least that a value takes in memory."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Table:
    """The names and the values of columns, in order. `index` has the row labels, or is None if the rows are only numbered."""

    names: Sequence[Label]
    columns: Sequence[Sequence[Any]]
    index: Sequence[Label] | None = None


def check_names(names: Sequence[Label], columns: Sequence[str] | None = None) -> None:
    """Refuse names that appear twice, too many names, and names among which one of `columns` is missing."""
    check_count(len(names), columns)
    unique = set(names)
    if len(unique) != len(names):
        twice = [name for name, times in Counter(names).items() if times > 1]
        raise InvalidInput(f"the table has more than one column named {show(twice)}: expected names that differ")
    check_missing(unique, columns or (), "the table")


def check_count(count: int, columns: Sequence[str] | None = None) -> None:
    """Refuse more columns than are allowed."""
    if count > max(MOST_COLUMNS, len(columns or ())):
        raise TooLarge(f"the table has {count} columns: expected at most {MOST_COLUMNS}")


def check_missing(names: Container[Label], columns: Sequence[str], what: str) -> None:
    """Refuse a request in which columns are missing, and name them."""
    missing = [column for column in columns if column not in names]
    if missing:
        raise InvalidInput(f"{what} lacks {_columns(missing)} {show(missing)}: expected {show(columns)}")


def check_size(rows: int, columns: int, max_bytes: int, *, more: int = 0) -> None:
    """Refuse a table that would take more than `max_bytes` in memory. `more` is the number of bytes that its texts take."""
    size = rows * max(columns, 1) * CELL + more
    if size > max_bytes:
        raise TooLarge(f"the table takes {size} bytes with its {rows} rows and {columns} columns: expected at most {max_bytes}")


def check_unpacked(size: int, max_bytes: int) -> None:
    """Refuse a body that would unpack to more than `max_bytes`."""
    if size > max_bytes:
        raise TooLarge(f"the body unpacks to {size} bytes: expected at most {max_bytes}")


def show(names: Iterable[Label]) -> str:
    """The first few names, as error messages list them."""
    names = list(names)
    listed = ", ".join(f"{name!r:.60}" for name in names[:_SHOWN])
    return listed if len(names) <= _SHOWN else f"{listed} and {len(names) - _SHOWN} more"


def _columns(names: Sequence[Label]) -> str:
    return "the column" if len(names) == 1 else "the columns"

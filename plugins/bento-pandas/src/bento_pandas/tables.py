"""Tables on their way to a DataFrame: names, values and labels, with nothing of pandas in them yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bento import InvalidInput, TooLarge

Label = Any
"""A column's name or a row's label: text, mostly, or a number."""

MOST_COLUMNS = 1 << 14
"""As many as a spreadsheet has; pandas takes tens of microseconds for each. Naming more of them in `columns` allows for more."""
CELL = 8
"""Bytes that a value takes in memory at least."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Table:
    """Values by column, in order. `index` holds the rows' labels, None where they are only counted."""

    names: Sequence[Label]
    columns: Sequence[Sequence[Any]]
    index: Sequence[Label] | None = None


def check_names(names: Sequence[Label], columns: Sequence[str] | None = None) -> None:
    """Refuse names that are there twice, too many of them, and a table that lacks any of `columns`."""
    check_count(len(names), columns)
    unique = set(names)
    if len(unique) != len(names):
        twice = [name for name, times in Counter(names).items() if times > 1]
        raise InvalidInput(f"the table has more than one column named {show(twice)}: expected names that differ")
    check_missing(unique, columns or (), "the table")


def check_count(count: int, columns: Sequence[str] | None = None) -> None:
    """Refuse more columns than a table can have."""
    if count > max(MOST_COLUMNS, len(columns or ())):
        raise TooLarge(f"the table has {count} columns: expected at most {MOST_COLUMNS}")


def check_missing(names: Container[Label], columns: Sequence[str], what: str) -> None:
    """Refuse a request that lacks columns, by their names."""
    missing = [column for column in columns if column not in names]
    if missing:
        raise InvalidInput(f"{what} lacks {_columns(missing)} {show(missing)}: expected {show(columns)}")


def check_size(rows: int, columns: int, max_bytes: int, *, more: int = 0) -> None:
    """Refuse a table that would take more memory than it may."""
    size = rows * max(columns, 1) * CELL + more
    if size > max_bytes:
        raise TooLarge(f"the table takes {size} bytes with its {rows} rows and {columns} columns: expected at most {max_bytes}")


def check_unpacked(size: int, max_bytes: int) -> None:
    """Refuse a body that would unpack to more than a table may take."""
    if size > max_bytes:
        raise TooLarge(f"the body unpacks to {size} bytes: expected at most {max_bytes}")


def show(names: Iterable[Label]) -> str:
    """Names as an error lists them, not more than a few."""
    names = list(names)
    listed = ", ".join(f"{name!r:.60}" for name in names[:_SHOWN])
    return listed if len(names) <= _SHOWN else f"{listed} and {len(names) - _SHOWN} more"


def _columns(names: Sequence[Label]) -> str:
    return "the column" if len(names) == 1 else "the columns"

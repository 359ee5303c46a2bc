"""JSON documents as tables. The form of a document is recognised by its content, unless the adapter declares one.

`records` is a list of objects, `rows` a list of lists, `split` an object with names, labels and rows; `columns` and `index` are objects of
objects. Values are matched by name if there are names, otherwise by position.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bento import InvalidInput, TooLarge

from .tables import Label, Table, check_count, check_missing, check_names, show

ORIENTS = ("records", "rows", "split", "columns", "index")

_SPLIT = frozenset({"columns", "index", "data"})
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
# Objects with few keys in common would make a table that is much larger than the document.
_FREE_CELLS, _SPARSE = 100_000, 10

Names = Sequence[str] | None


def table_of(document: Any, orient: str | None, names: Names) -> Table:
    """The table in a document. With `names`, it has these columns in this order."""
    kind = orient or _orient_of(document)
    expected = dict if kind in ("split", "columns", "index") else list
    if not isinstance(document, expected):
        form = "an object" if expected is dict else "a list"
        raise InvalidInput(f"expected {form} of {_FORMS[kind]}, got {_kind(document)}")
    return _READERS[kind](document, names)


def _orient_of(document: Any) -> str:
    if isinstance(document, list):
        return "records" if document and isinstance(document[0], dict) else "rows"
    if isinstance(document, dict):
        if document and not any(isinstance(value, list | dict) for value in document.values()):
            raise InvalidInput(f"expected a table, got a row of one, {_kind(document)}: put it into a list")
        return "split" if document.keys() == _SPLIT else "columns"
    raise InvalidInput(f"expected a table, as a list of objects, a list of rows or an object of columns, got {_kind(document)}")


def _records(records: Sequence[Any], names: Names) -> Table:
    for position, record in enumerate(records):
        if not isinstance(record, dict):
            raise InvalidInput(f"expected an object for row {position}, got {_kind(record)}")
    if names is None:
        return _united(records)
    for position, record in enumerate(records):
        if not all(name in record for name in names):
            check_missing(record, names, f"row {position}")
    return Table(names, [[record[name] for record in records] for name in names])


def _united(records: Sequence[Mapping[str, Any]]) -> Table:
    """The table with a column for every key of any record. A record without the key has a missing value there."""
    names = list(dict.fromkeys(name for record in records for name in record))
    check_names(names)
    values = sum(map(len, records))
    if len(names) * len(records) > max(_FREE_CELLS, _SPARSE * values):
        raise TooLarge(f"{len(records)} objects with {len(names)} different keys share too few of them: send objects with the same keys")
    return Table(names, [[record.get(name) for record in records] for name in names], None if names else range(len(records)))


def _rows(rows: Sequence[Any], names: Sequence[Label] | None) -> Table:
    if rows and not isinstance(rows[0], list):
        rows = [[value] for value in _scalars(rows)]
    if names is None:
        names = range(len(rows[0]) if rows else 0)
        check_count(len(names))
    return Table(names, _transposed(rows, len(names)), None if names else range(len(rows)))


def _split(document: Mapping[str, Any], names: Names) -> Table:
    if not {"columns", "data"} <= document.keys() <= _SPLIT or not all(isinstance(part, list) for part in document.values()):
        raise InvalidInput(f"expected an object with lists as 'columns', 'index' and 'data', got one with {show(document)}")
    own, index = _labels(document["columns"]), _labels(document.get("index", []))
    rows = document["data"]
    if "index" in document and len(index) != len(rows):
        raise InvalidInput(f"expected as many labels as rows, got {len(index)} and {len(rows)}")
    check_names(own, names)
    columns = dict(zip(own, _transposed(rows, len(own)), strict=True))
    chosen = own if names is None else names
    labels = index if "index" in document else None if chosen else range(len(rows))
    return Table(chosen, [columns[name] for name in chosen], labels)


def _columns(document: Mapping[str, Any], names: Names) -> Table:
    chosen = list(document) if names is None else names
    check_count(len(chosen), names)
    check_missing(document, chosen, "the table")
    if not chosen:
        return Table([], [])
    first = document[chosen[0]]
    if isinstance(first, dict):
        return Table(chosen, [_by_label(name, document[name], first, chosen[0]) for name in chosen], _numbered(list(first)))
    return Table(chosen, [_of_length(name, document[name], first, chosen[0]) for name in chosen])


def _index(document: Mapping[str, Any], names: Names) -> Table:
    table = _records(list(document.values()), names)
    return Table(table.names, table.columns, _numbered(list(document)))


def _by_label(name: str, values: Any, first: Mapping[str, Any], other: str) -> list[Any]:
    """A column's values in the order of the labels in the first column."""
    if not isinstance(values, dict) or values.keys() != first.keys():
        raise InvalidInput(f"column {name!r:.60}: expected an object with the labels of column {other!r:.60}, got {_kind(values)}")
    return [values[label] for label in first]


def _of_length(name: str, values: Any, first: Any, other: str) -> list[Any]:
    if not isinstance(values, list):
        raise InvalidInput(f"column {name!r:.60}: expected a list or an object of values, got {_kind(values)}")
    if len(values) != len(first):
        raise InvalidInput(f"column {name!r:.60}: expected {len(first)} values, as column {other!r:.60} has, got {len(values)}")
    return values


def _scalars(values: Sequence[Any]) -> Sequence[Any]:
    for position, value in enumerate(values):
        if isinstance(value, list | dict):
            raise InvalidInput(f"expected a value for row {position}, got {_kind(value)}")
    return values


def _transposed(rows: Sequence[Any], width: int) -> list[list[Any]]:
    """The columns of a list of rows. A row that does not have `width` values is refused."""
    for position, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != width:
            got = f"{len(row)} values" if isinstance(row, list) else _kind(row)
            raise InvalidInput(f"expected a list of {width} values for row {position}, got {got}")
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _labels(labels: Sequence[Any]) -> Sequence[Label]:
    for label in labels:
        if not isinstance(label, str | int | float) or isinstance(label, bool):
            raise InvalidInput(f"expected labels that are texts or numbers, got {_kind(label)}")
    return labels


def _numbered(labels: list[str]) -> Sequence[Label]:
    """The keys of an object as row labels; as numbers if all of them are, because keys in JSON are always texts."""
    return [*map(int, labels)] if all(map(_NUMBER.fullmatch, labels)) else labels


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with the keys {show(value)}" if value else "an empty object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "null" if value is None else f"{value!r:.60}"


_FORMS = {
    "records": "objects",
    "rows": "rows",
    "split": "columns, index and data",
    "columns": "columns",
    "index": "rows by label",
}
_READERS: dict[str, Callable[[Any, Names], Table]] = {
    "records": _records,
    "rows": _rows,
    "split": _split,
    "columns": _columns,
    "index": _index,
}

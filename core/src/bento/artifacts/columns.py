"""The columns of a table that a model was trained with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import InvalidInput


def take_columns(table: Any, names: Sequence[str], spelled: Callable[[str], str] = str) -> Any:
    """The columns with these names, in this order, of a table of pandas, polars or pyarrow.

    `spelled` converts the name of a column, which may be a number, to the way the framework writes it. If the table lacks a column, the
    function raises InvalidInput, whose message the client sees.
    """
    # In pyarrow, `columns` holds the columns themselves, not their names. pandas also has its columns as attributes, so the methods
    # are looked up on the class.
    kind = type(table)
    columns = list(table.column_names if hasattr(kind, "column_names") else table.columns)
    found = {**{spelled(str(name)): name for name in columns}, **{name: name for name in columns if isinstance(name, str)}}
    lacking = [name for name in names if name not in found]
    if lacking:
        raise InvalidInput(f"expected a table with the columns {', '.join(names)}, got none named {', '.join(lacking)}")
    chosen = [found[name] for name in names]
    return table.select(chosen) if hasattr(kind, "select") else table[chosen]

"""The columns of a table that a model was trained with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import InvalidInput


def take_columns(table: Any, names: Sequence[str], spelled: Callable[[str], str] = str) -> Any:
    """The columns of these names, in this order, of a table of pandas, polars or pyarrow.

    `spelled` says how a framework writes the name of a column, which may be a number. A table that lacks a column is an InvalidInput,
    which a client reads.
    """
    # What pyarrow calls `columns` are the columns themselves. pandas has columns as attributes, too: the class knows what is a method.
    kind = type(table)
    columns = list(table.column_names if hasattr(kind, "column_names") else table.columns)
    found = {**{spelled(str(name)): name for name in columns}, **{name: name for name in columns if isinstance(name, str)}}
    lacking = [name for name in names if name not in found]
    if lacking:
        raise InvalidInput(f"expected a table with the columns {', '.join(names)}, got none named {', '.join(lacking)}")
    chosen = [found[name] for name in names]
    return table.select(chosen) if hasattr(kind, "select") else table[chosen]

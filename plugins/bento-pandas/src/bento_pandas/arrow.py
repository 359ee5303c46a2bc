"""Arrow tables as DataFrames, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bento import BadInput

from .collisions import MANY, check_texts
from .frames import joined
from .numbers import EXACT
from .tables import check_missing

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from bento.payload import ReadableBuffer

_NULLABLE = {f"{sign}int{bits}": f"{sign.upper()}Int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_LONGEST_REASON = 300
_UNNAMED = "__index_level_"


def read(
    body: ReadableBuffer, read_table: Callable[[ReadableBuffer, int], pa.Table], columns: Sequence[str] | None, max_bytes: int
) -> pd.DataFrame:
    """The DataFrame of a Parquet or Arrow body, with the columns in `columns`, or with all columns if it is None."""
    try:
        table = read_table(body, max_bytes)
        labels = _labels(table.schema)
        chosen = [name for name in table.schema.names if name not in labels] if columns is None else columns
        check_missing(table.schema.names, chosen, "the table")
        index = _index(table, labels)
        return joined([_column(table.column(name)) for name in chosen], chosen, index)
    except BadInput:
        raise
    except Exception as error:
        # Arrow raises nearly any exception for a damaged body.
        reason = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
        raise BadInput(f"the body cannot be read: {reason}") from error


def _column(column: pa.ChunkedArray) -> pd.Series:
    """A column as pandas makes it. Only integers with missing values do not become floats if a float would round them."""
    import pandas as pd
    import pyarrow as pa

    series: pd.Series = column.to_pandas()
    if column.null_count and pa.types.is_integer(column.type) and series.abs().max() > EXACT:
        series = column.to_pandas(types_mapper=lambda kind: pd.api.types.pandas_dtype(_NULLABLE[str(kind)]))
    return series


def _labels(schema: pa.Schema) -> list[str]:
    """The columns that contain row labels, which pandas lists in a schema's metadata."""
    notes = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    return [name for name in notes.get("index_columns", []) if isinstance(name, str) and name in schema.names]


def _index(table: pa.Table, labels: list[str]) -> pd.Index:
    import pandas as pd

    if not labels:
        return pd.RangeIndex(table.num_rows)
    names = [None if name.startswith(_UNNAMED) else name for name in labels]
    levels = [_column(table.column(name)).array for name in labels]
    for level in levels if len(levels) > 1 and table.num_rows >= MANY else ():
        check_texts((label for label in level if isinstance(label, str)), len(level))
    return pd.Index(levels[0], name=names[0]) if len(levels) == 1 else pd.MultiIndex.from_arrays(levels, names=names)

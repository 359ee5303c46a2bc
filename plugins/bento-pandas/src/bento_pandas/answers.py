"""Writing the results of apis as JSON, CSV, Parquet or an Arrow stream, with one result for each row.

The rows of a table become objects, those of a series or an array become values. A missing value becomes null, or an empty field in CSV.
Tables of polars and pyarrow are written as well, without importing either library.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bento import instance_of, type_name
from bento.adapters import JsonAdapter

from .batches import ARROW, is_pandas
from .copies import own, used
from .dtypes import is_numpy

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

JSON = "application/json"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
STREAM = "application/vnd.apache.arrow.stream"
FILE = "application/vnd.apache.arrow.file"

_UNNAMED = "value"


def write(value: Any, media_type: str) -> bytes:
    """The body for a result, or for one row of a table."""
    if isinstance(value, Mapping):
        return JsonAdapter().encode(value, JSON) if media_type == JSON else write([value], media_type)
    if media_type == JSON:
        return JsonAdapter().encode(_rows(value), JSON)
    return _csv(value) if media_type == CSV else _binary(value, media_type)


def row(value: Any) -> Any:
    """The only row of a result: an object if the result is a table, otherwise a value."""
    return _rows(value)[0]


def _rows(value: Any) -> Any:
    """A result as values that JSON can express."""
    if instance_of(value, "pandas", "DataFrame"):
        return _records(_names(value.columns), [plain(value.iloc[:, position]) for position in range(value.shape[1])], len(value))
    if instance_of(value, "pandas", "Series"):
        return plain(value)
    if instance_of(value, "polars", "DataFrame"):
        return value.to_dicts()
    if instance_of(value, "polars", "Series"):
        return value.to_list()
    if instance_of(value, "pyarrow", *ARROW):
        return value.to_pylist()
    if isinstance(value, str | bytes) or not (hasattr(value, "__array__") or isinstance(value, Sequence)):
        raise TypeError(f"expected a table, a series, an array or a list as the answer, got a {type_name(value)}")
    return value


def plain(series: pd.Series) -> list[Any]:
    """The values of a column as Python objects, with None for missing values."""
    if is_numpy(series.dtype) and series.dtype.kind in "biuf":
        return list(series.tolist())
    missing = series.isna()
    objects = series.astype(object)
    return list(objects.where(~missing, None) if missing.any() else objects)


def _records(names: Sequence[str], columns: Sequence[list[Any]], rows: int) -> list[dict[str, Any]]:
    if not columns:
        return [{} for _ in range(rows)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _names(columns: pd.Index) -> list[str]:
    if columns.nlevels > 1:
        raise ValueError("an answer's columns have several levels of names, which JSON does not have: rename them")
    names = [str(name) for name in columns]
    if len(set(names)) != len(names):
        raise ValueError("two columns of an answer have the same name: rename one")
    return names


def _csv(value: Any) -> bytes:
    frame = _frame(value)
    _names(frame.columns)
    text: str = frame.to_csv(index=False)
    return text.encode()


def _frame(value: Any) -> pd.DataFrame:
    import pandas as pd

    table = _arrow_table(value)
    if table is not None:
        return table.to_pandas()
    if not is_pandas(value):
        rows = _rows(value)
        has_columns = getattr(rows, "ndim", 1) > 1 or (isinstance(rows, list) and rows and isinstance(rows[0], list | tuple | dict))
        value = pd.DataFrame(rows) if has_columns else pd.Series(rows)
    if isinstance(value, pd.Series):
        return value.to_frame(_UNNAMED if value.name is None else value.name)
    return value


def _binary(value: Any, media_type: str) -> bytes:
    import pyarrow as pa

    try:
        return _BINARY[media_type](_table(value))
    except pa.ArrowException as error:
        raise ValueError(f"the answer cannot be written as {media_type}: {error}") from error


def _table(value: Any) -> pa.Table:
    import pyarrow as pa

    table = _arrow_table(value)
    return own(pa.Table.from_pandas(used(_frame(value))) if table is None else table)


def _arrow_table(value: Any) -> pa.Table | None:
    """A table of polars or pyarrow as a pyarrow table; None for any other value."""
    if instance_of(value, "polars", "DataFrame"):
        return value.to_arrow()
    if instance_of(value, "pyarrow", "Table"):
        return value
    if instance_of(value, "pyarrow", "RecordBatch"):
        return sys.modules["pyarrow"].Table.from_batches([value])
    return None


def _parquet(table: pa.Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def _arrow(table: pa.Table, kind: str) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with getattr(pa.ipc, kind)(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


_BINARY: dict[str, Callable[[pa.Table], bytes]] = {
    PARQUET: _parquet,
    STREAM: lambda table: _arrow(table, "new_stream"),
    FILE: lambda table: _arrow(table, "new_file"),
}

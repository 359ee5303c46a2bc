"""Tables as inputs and answers."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, Self

from bento import Adapter, BadInput, DefinitionError, Payload, UnsupportedMediaType
from bento.adapters import JsonAdapter

from . import batches
from .answers import CSV, FILE, PARQUET, STREAM, row, write
from .documents import table_of
from .dtypes import Dtypes
from .options import MAX_BYTES, checked_bytes, checked_columns, checked_orient

if TYPE_CHECKING:
    import pandas as pd

    from bento.artifact import JSON


_JSON = "application/json"


class DataFrameAdapter(Adapter["pd.DataFrame"]):
    """Tables as DataFrames: a request contains any number of rows, and gets as many results.

    A body is CSV with a header, Parquet, an Arrow stream or file, or JSON in one of these forms, which are told apart by their content: a
    list of objects (`records`), any other list (`rows`), an object with exactly `columns`, `index` and `data` (`split`), and any other
    object (`columns`). With `orient`, only the named form is read; it may also be `index`, an object of records by label. Wherever there
    are names, values are matched by name.

    With `columns`, the DataFrame has these columns in this order: a request that lacks one is refused, and other columns are ignored.
    `dtype`, one for all columns or a dict by column, converts values; a request that would lose a value is refused. Without it, pandas
    chooses the dtype of each column. A table that would take more than `max_bytes` in memory is refused before it is made.

    Answers are tables of pandas, polars or pyarrow, whose rows become objects in JSON, or series, arrays and lists, whose rows become
    values. Missing values become null. A batch is a single DataFrame; tables with different columns, dtypes or kinds of row labels are
    never combined.
    """

    name = "dataframe"
    media_types = (_JSON, CSV, PARQUET, STREAM, FILE)
    costly = True  # a few kilobytes of Parquet may unpack to a table of `max_bytes`

    def __init__(
        self,
        orient: str | None = None,
        columns: Sequence[str] | None = None,
        dtype: Any = None,
        *,
        example: JSON = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._orient = checked_orient(orient)
        self._columns = checked_columns(columns)
        self._dtypes = Dtypes.of(dtype, self._columns)
        self._max_bytes = checked_bytes(max_bytes)
        self._example = example
        if example is not None:
            self._check_example()

    def decode(self, payload: Payload) -> pd.DataFrame:
        media_type = payload.media_type
        if media_type in ("", _JSON) or media_type.endswith("+json"):
            from .frames import frame_of

            return frame_of(table_of(JsonAdapter().decode(payload), self._orient, self._columns), self._dtypes, self._max_bytes)
        if media_type not in self.media_types:
            raise UnsupportedMediaType(f"{media_type!r} is not read here: expected one of {', '.join(self.media_types)}")
        from .frames import conform

        return conform(self._read(payload), self._columns, self._dtypes)

    def encode(self, value: Any, media_type: str) -> bytes:
        return write(value, media_type)

    def rows(self, item: pd.DataFrame) -> int:
        return len(item)

    def group(self, item: pd.DataFrame) -> Hashable:
        return batches.group_of(item)

    def stack(self, items: Sequence[pd.DataFrame]) -> pd.DataFrame:
        return batches.stack(items) if self._dtypes.numbers is None else batches.stack_numbers(items)

    def unstack(self, result: Any, rows: Sequence[int | None]) -> list[Any]:
        # An item without rows of its own, such as one of JsonAdapter, gets one row of the result. It is cut as a slice, because `[0]` of
        # an Arrow table would be a column.
        parts = batches.recount(super().unstack(result, [1 if count is None else count for count in rows]), result)
        return [row(part) if count is None else part for part, count in zip(parts, rows, strict=True)]

    def join(self, parts: Sequence[Any]) -> Any:
        return batches.join(parts)

    def schema(self) -> dict[str, JSON]:
        from .schemas import schema_of

        return schema_of(self._orient, self._columns, self._dtypes, self._example)

    def options(self) -> dict[str, JSON]:
        given: dict[str, JSON] = {
            "orient": self._orient,
            "columns": None if self._columns is None else [*self._columns],
            "dtype": self._dtypes.options(),
            "example": self._example,
            "max_bytes": None if self._max_bytes == MAX_BYTES else self._max_bytes,
        }
        return {name: value for name, value in given.items() if value is not None}

    @classmethod
    def for_annotation(cls, annotation: object) -> Self | None:
        pandas = sys.modules.get("pandas")
        return cls() if pandas is not None and annotation is pandas.DataFrame else None

    @classmethod
    def for_value(cls, value: object) -> Self | None:
        return cls() if batches.is_table(value) else None

    def _read(self, payload: Payload) -> pd.DataFrame:
        """The DataFrame of a body in any format except JSON."""
        if payload.media_type == CSV:
            from .csv_text import read as read_csv

            return read_csv(payload.text(), self._columns, self._dtypes, self._max_bytes)
        from .arrow import read
        from .binary import read_arrow, read_parquet

        return read(payload.data, read_parquet if payload.media_type == PARQUET else read_arrow, self._columns, self._max_bytes)

    def _check_example(self) -> None:
        try:
            self.decode(Payload(JsonAdapter().encode(self._example, _JSON), _JSON))
        except BadInput as error:
            raise DefinitionError(f"the example of DataFrameAdapter does not fit: {error}") from error

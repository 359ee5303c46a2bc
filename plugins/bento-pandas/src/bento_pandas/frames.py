"""DataFrames: made from tables, and converted to the columns and dtypes that an adapter declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .convert import convert, infer
from .numbers import fitted
from .tables import Label, Table, check_size

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from .dtypes import Dtypes

_NUMBERS = frozenset({int, float})


def frame_of(table: Table, dtypes: Dtypes, max_bytes: int) -> pd.DataFrame:
    """The DataFrame of a table, with its columns converted to their dtypes."""
    import pandas as pd

    rows = len(table.columns[0]) if table.columns else len(table.index or ())
    check_size(rows, len(table.names), max_bytes)
    index = _index(table.index, rows)
    numbers = _matrix(table, dtypes)
    if numbers is not None:
        return pd.DataFrame(numbers, columns=list(table.names), index=index, copy=False)
    pairs = zip(table.names, map(infer, table.columns), strict=True)
    return joined([_converted(column, dtypes, name) for name, column in pairs], table.names, index)


def conform(frame: pd.DataFrame, names: Sequence[str] | None, dtypes: Dtypes) -> pd.DataFrame:
    """A DataFrame with the declared columns and dtypes. `frame` must have all of the columns."""
    chosen: Sequence[Label] = list(frame.columns) if names is None else names
    columns = [frame[name] for name in chosen]
    return joined([_converted(column, dtypes, name) for name, column in zip(chosen, columns, strict=True)], chosen, frame.index)


def _converted(column: pd.Series, dtypes: Dtypes, name: Label) -> pd.Series:
    dtype = dtypes.get(name)
    return column if dtype is None else convert(column, dtype, name)


def joined(columns: Sequence[pd.Series], names: Sequence[Label], index: pd.Index) -> pd.DataFrame:
    """A DataFrame of these columns. Their values are combined by position, not by their row labels."""
    import pandas as pd

    frame = pd.DataFrame({position: column.array for position, column in enumerate(columns)}, index=index)
    frame.columns = pd.Index(list(names)) if names else pd.RangeIndex(0)
    return frame


def _matrix(table: Table, dtypes: Dtypes) -> np.ndarray[Any, Any] | None:
    """All values as one array, if every column has the same dtype of numbers and every value fits it; otherwise None."""
    import numpy as np

    dtype = dtypes.numbers
    if dtype is None or not table.columns or not all(_NUMBERS.issuperset(map(type, values)) for values in table.columns):
        return None
    numbers = fitted(np.array(table.columns), dtype)
    return None if numbers is None else numbers.T


def _index(labels: Sequence[Label] | None, rows: int) -> pd.Index:
    """The row labels. Labels 0, 1, 2 ... become the default index of pandas."""
    import pandas as pd

    return pd.RangeIndex(rows) if labels is None or list(labels) == list(range(rows)) else pd.Index(list(labels))

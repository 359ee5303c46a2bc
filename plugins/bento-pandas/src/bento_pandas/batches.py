"""Batches of tables: the rows of all requests in one table, and each request's own rows of the result, whatever type the api returns.

Default row labels (0, 1, 2 ...) are numbered anew: through the whole batch when it is made, and from 0 in each answer. So no answer shows
where in a batch its request was, and no table has two rows with the same label.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from bento import instance_of

if TYPE_CHECKING:
    import pandas as pd


ARROW = ("Table", "RecordBatch", "Array", "ChunkedArray")


def group_of(frame: pd.DataFrame) -> Hashable:
    """A key that is equal for frames which may be in one batch: the names, the dtypes, and the kind of row labels."""
    return tuple(frame.columns), frame.columns.dtype, tuple(map(_key, frame.dtypes)), _index_key(frame.index)


def stack(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of frames of one group in one frame."""
    import pandas as pd

    if len(frames) == 1:
        return frames[0]
    return pd.concat(frames, ignore_index=_is_counted(frames[0].index))


def stack_numbers(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The same as `stack`, but faster, for frames in which every column has the same NumPy dtype."""
    import numpy as np
    import pandas as pd

    if len(frames) == 1 or not _is_counted(frames[0].index):
        return stack(frames)
    return pd.DataFrame(np.concatenate([frame.to_numpy() for frame in frames]), columns=frames[0].columns, copy=False)


def recount(parts: list[Any], whole: Any) -> list[Any]:
    """Parts of a frame or series, with their rows numbered from 0 if the whole has default row labels."""
    if is_pandas(whole) and _is_counted(whole.index):
        import pandas as pd

        for part in parts:
            part.index = pd.RangeIndex(len(part))
    return parts


def join(parts: Sequence[Any]) -> Any:
    """Several answers to one request, joined into one."""
    first = parts[0]
    if is_pandas(first):
        import pandas as pd

        return pd.concat(parts, ignore_index=all(_is_counted(part.index) for part in parts))
    if instance_of(first, "numpy", "ndarray"):
        return sys.modules["numpy"].concatenate(parts)
    if instance_of(first, "polars", "DataFrame", "Series"):
        return sys.modules["polars"].concat(parts)
    if instance_of(first, "pyarrow", "Table"):
        return sys.modules["pyarrow"].concat_tables(parts)
    return [row for part in parts for row in part]


def is_pandas(value: object) -> bool:
    """Whether a value is a pandas DataFrame or Series."""
    return instance_of(value, "pandas", "DataFrame", "Series")


def is_table(value: object) -> bool:
    """Whether a value is a table or column of pandas, polars or pyarrow."""
    return is_pandas(value) or instance_of(value, "polars", "DataFrame", "Series") or instance_of(value, "pyarrow", *ARROW)


def _is_counted(index: pd.Index) -> bool:
    import pandas as pd

    return type(index) is pd.RangeIndex and (index.start, index.step, index.name) == (0, 1, None)


def _key(dtype: Any) -> Hashable:
    categories = getattr(dtype, "categories", None)
    return dtype if categories is None else ("category", tuple(categories), categories.dtype, dtype.ordered)


def _index_key(index: pd.Index) -> Hashable:
    if _is_counted(index):
        return None
    return index.nlevels, tuple(index.names), tuple(map(_key, index.dtypes)) if index.nlevels > 1 else _key(index.dtype)

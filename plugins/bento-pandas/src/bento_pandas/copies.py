"""Copies of Arrow tables that share no memory with other rows.

A slice of a batch's table shares the memory of the whole table, and Arrow's formats write more of it than the slice: the bytes after it up
to the buffer's alignment, all entries of dictionaries, and all texts in the buffers of views. An answer could contain data of others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def own(table: pa.Table) -> pa.Table:
    """A copy of a table that contains only its own rows. Dictionary entries that no row uses are left out."""
    import pyarrow as pa

    columns = [pa.chunked_array([_copy(chunk) for chunk in column.chunks], column.type) for column in table.columns]
    return pa.Table.from_arrays(columns, schema=table.schema)


def used(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with only the categories that its rows use, because pandas writes the number of categories to a file."""
    import pandas as pd

    positions = [position for position, dtype in enumerate(frame.dtypes) if isinstance(dtype, pd.CategoricalDtype)]
    if isinstance(frame.index, pd.CategoricalIndex):
        frame = frame.set_axis(frame.index.remove_unused_categories())
    if positions:
        frame = frame.copy(deep=False)
    for position in positions:
        frame.isetitem(position, frame.iloc[:, position].cat.remove_unused_categories())
    return frame


def _copy(array: Any) -> Any:
    import pyarrow as pa

    kind = array.type
    if pa.types.is_union(kind):
        return array.take(pa.array(range(len(array)), pa.int64()))
    if pa.types.is_dictionary(kind) and not _shares(kind.value_type):
        return _with_used(array)
    # Arrow copies arrays that share texts or entries only value by value.
    return pa.array(array.to_pylist(), kind) if _shares(kind) else pa.concat_arrays([array, array.slice(0, 0)])


def _with_used(array: Any) -> Any:
    """A dictionary array with only the entries that it uses. Their order is kept, because it may have a meaning."""
    import pyarrow as pa
    import pyarrow.compute as pc

    entries = pc.unique(array.indices.drop_null()).sort()
    indices = pc.index_in(array.indices, entries).cast(array.type.index_type)
    return pa.DictionaryArray.from_arrays(indices, array.dictionary.take(entries), ordered=array.type.ordered)


def _shares(kind: Any) -> bool:
    """Whether slices of arrays of a type, or of the arrays inside them, share texts or dictionary entries."""
    from pyarrow import types

    if types.is_dictionary(kind) or types.is_string_view(kind) or types.is_binary_view(kind):
        return True
    return types.is_nested(kind) and any(_shares(kind.field(number).type) for number in range(kind.num_fields))

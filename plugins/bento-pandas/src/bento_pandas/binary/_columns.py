"""Columns of Arrow tables: which types are read, and how many bytes texts take."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from bento import InvalidInput

from ..tables import check_names, check_size

if TYPE_CHECKING:
    import pyarrow as pa

_VIEW = 16
"""In bytes: the size of a view. Its first four bytes are the length of its text."""


def check_types(schema: pa.Schema) -> None:
    """Refuse names that appear twice, and columns that are not numbers, texts, times or categories, such as nested ones."""
    import pyarrow as pa

    check_names(schema.names)
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if not _is_flat(kind):
            raise InvalidInput(
                f"column {field.name!r:.60} has the type {field.type!s:.60}, which is not read here: "
                "expected numbers, booleans, texts, bytes, times or categories"
            )


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are texts or bytes of variable length."""
    from pyarrow import types

    return bool(
        types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind) or _is_view(kind)
    )


def flat(table: pa.Table, dictionaries: Collection[str], max_bytes: int) -> pa.Table:
    """A validated table. The columns in `dictionaries` get their texts in place of dictionary codes, if all texts fit into `max_bytes`."""
    table.validate()
    _check_texts(table, max_bytes, _viewed_size)
    # After the full validation, offsets, views and codes can be trusted. It reads a text once for each view of it, so the views are
    # limited before.
    table.validate(full=True)
    _check_texts(table, max_bytes, text_size)
    for name in dictionaries:
        position = table.schema.get_field_index(name)
        column = table.column(position)
        table = table.set_column(position, name, column.cast(column.type.value_type))
    return table


def _check_texts(table: pa.Table, max_bytes: int, size: Callable[[pa.Array], int]) -> None:
    texts = sum(size(chunk) for column in table.columns for chunk in column.chunks)
    check_size(table.num_rows, table.num_columns, max_bytes, more=texts)


def _viewed_size(array: pa.Array) -> int:
    """The bytes that the views of an array cover, as they declare."""
    import pyarrow as pa

    values = array.dictionary if isinstance(array, pa.DictionaryArray) else array
    return int(_lengths(values).sum()) if _is_view(values.type) else 0


def text_size(array: pa.Array) -> int:
    """The bytes of all texts in an array. A text that is repeated counts each time."""
    import numpy as np
    import pyarrow as pa

    if isinstance(array, pa.DictionaryArray):
        if not is_text(array.dictionary.type):
            return 0
        counts = np.bincount(array.indices.drop_null().to_numpy(zero_copy_only=False).astype(np.int64), minlength=len(array.dictionary))
        return int(counts.astype(object) @ _lengths(array.dictionary).astype(object)) if len(counts) else 0
    return int(_lengths(array).sum()) if is_text(array.type) else 0


def _lengths(array: pa.Array) -> Any:
    """The length of each text in bytes, or 0 for a missing one."""
    import numpy as np
    import pyarrow.compute as pc

    if not _is_view(array.type):
        return pc.fill_null(pc.binary_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    views = array.buffers()[1]
    if views is None:
        return np.zeros(len(array), np.int64)
    lengths = np.frombuffer(views, np.int32).reshape(-1, _VIEW // 4)[array.offset : array.offset + len(array), 0]
    return np.where(pc.is_valid(array).to_numpy(zero_copy_only=False), np.maximum(lengths, 0), 0).astype(np.int64)


def _is_flat(kind: pa.DataType) -> bool:
    from pyarrow import types

    simple = (
        types.is_boolean(kind),
        types.is_integer(kind),
        types.is_floating(kind),
        types.is_decimal128(kind),
        types.is_date(kind),
        types.is_time(kind),
        types.is_timestamp(kind),
        types.is_duration(kind),
        types.is_null(kind),
    )
    return any(simple) or is_text(kind)


def _is_view(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(types.is_string_view(kind) or types.is_binary_view(kind))

"""Reading a Parquet file of a bundle. The size of its table is computed before the file is read, so the file need not be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bento import ArtifactError

from ..tables import CELL
from ._columns import is_text, text_size
from ._footer import Contents, contents

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

_TIMES = 16
"""A table may always take this many times the size of its file, however large it is."""
_OBJECT = 64
"""In bytes: the size of a date, a Decimal or an array in memory, including the pointer to it."""


def read_stored(path: Path, max_bytes: int) -> pa.Table:
    """The table in a file. An ArtifactError if it takes more than `max_bytes` and much more than the file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = memoryview(pa.memory_map(str(path)).read_buffer()).cast("B")
    most = max(max_bytes, _TIMES * len(data))
    # Only the size of the file limits its parts, because a table may have any number of columns.
    found = contents(data, parts=len(data))
    _check_size(found.unpacked, most)
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
    size = sum(_room(schema, found))
    _check_size(size, most)
    if found.deltas:
        raise ArtifactError(f"{str(path)!r} is not as a table is saved here: it has texts that are made of others")
    # While texts stay in their dictionaries, a text that is repeated a million times takes its room only once.
    leaves = (field for field in schema for _ in _leaves(field.type))
    kept = {
        field.name: schema.get_field_index(field.name)
        for place, field in enumerate(leaves)
        if is_text(field.type) and place in found.dictionaries
    }
    with pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=list(kept)) as file:
        table = file.read()
    columns = {name: table.column(place) for name, place in kept.items()}
    for column in columns.values():
        column.validate(full=True)
        size += sum(map(text_size, column.chunks))
    _check_size(size, most)
    for name, place in kept.items():
        table = table.set_column(place, schema.field(place), columns[name].cast(schema.types[place]))
    return table


def flat_names(schema: pa.Schema) -> list[str]:
    """The columns that may have a dictionary: all but nested ones, because the size of their texts is unknown until they are read."""
    from pyarrow import types

    return [field.name for field in schema if not types.is_nested(getattr(field.type, "storage_type", field.type))]


def _room(schema: pa.Schema, found: Contents) -> Iterator[int]:
    """The bytes that the values of each column in the file take in memory, without the texts of flat columns."""
    from pyarrow import types

    flat = frozenset(flat_names(schema))
    leaves = [(field, kind, field.name not in flat) for field in schema for kind in _leaves(field.type)]
    for place, (field, kind, inner) in enumerate(leaves):
        if inner and is_text(kind) and place in found.dictionaries:
            raise ArtifactError(
                f"column {field.name!r:.60} has texts within others, in a dictionary, which no table that is saved here has"
            )
        width = _OBJECT if _is_object(kind) else CELL
        width = max(width, kind.byte_width) if types.is_fixed_size_binary(kind) else width
        yield width * max(found.rows, found.values.get(place, 0)) + (_OBJECT * found.rows if inner else 0)


def _is_object(kind: pa.DataType) -> bool:
    """Whether pandas makes a Python object of each value."""
    from pyarrow import types

    return bool(types.is_decimal(kind) or types.is_date(kind) or types.is_time(kind))


def _leaves(kind: pa.DataType) -> Iterator[pa.DataType]:
    """The types of the columns in a file that together make up one column of a table."""
    from pyarrow import types

    kind = getattr(kind, "storage_type", kind)
    if types.is_nested(kind):
        for place in range(kind.num_fields):
            yield from _leaves(kind.field(place).type)
    else:
        yield kind


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise ArtifactError(
            f"the table takes {size} bytes: expected at most {most}: "
            f"DataFrameArtifact(max_bytes={size}) keeps it, if it is meant to be so large"
        )

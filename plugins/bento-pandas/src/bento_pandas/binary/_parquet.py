"""Parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bento import InvalidInput

from ..tables import check_size, check_unpacked
from ._columns import check_types, flat, is_text
from ._footer import contents

if TYPE_CHECKING:
    import pyarrow as pa

    from bento.payload import ReadableBuffer


def read_parquet(data: ReadableBuffer, max_bytes: int) -> pa.Table:
    """The table of a Parquet file. Its texts are not in dictionaries, unless they are categories."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = contents(memoryview(data).cast("B"))
    check_size(found.rows, found.columns, max_bytes)
    check_unpacked(found.unpacked, max_bytes)
    source = pa.BufferReader(data)
    schema = pq.ParquetFile(source).schema_arrow
    check_types(schema)
    for column in found.deltas:
        name = schema.names[column]
        raise InvalidInput(f"column {name!r:.60} is encoded as DELTA_BYTE_ARRAY, which is not read here: write it in another encoding")
    # While texts stay in their dictionaries, a text that is repeated a million times takes its room only once.
    kept = [schema.names[column] for column in sorted(found.dictionaries) if is_text(schema.types[column])]
    return flat(pq.ParquetFile(source, read_dictionary=kept).read(use_threads=False), kept, max_bytes)

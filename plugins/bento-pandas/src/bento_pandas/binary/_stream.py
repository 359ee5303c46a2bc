"""Arrow's IPC formats, the stream and the file. Source: Arrow columnar format, "Serialization and IPC"; Message.fbs and File.fbs.

A compressed buffer declares its unpacked length, and pyarrow allocates it unchecked: two kilobytes can declare gigabytes. So the lengths
are added up before any batch is read. Only the metadata of messages is parsed here, after pyarrow has verified it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from bento import BadInput

from ..tables import check_size, check_unpacked
from ._columns import check_types, flat

if TYPE_CHECKING:
    import pyarrow as pa

    from bento.payload import ReadableBuffer

_MAGIC = b"ARROW1"
# The position of a field in a table's vtable: four bytes, and two more for each field before it.
_HEADER_TYPE, _HEADER = 6, 8
_DICTIONARY_DATA, _IS_DELTA = 6, 8
_BUFFERS, _COMPRESSION = 8, 10
_BLOCKS = (8, 10)
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_BUFFER, _BLOCK = "<qq", "<qi4xq"
_AS_IT_IS = -1
_MOST_MESSAGES = 100_000


def read_arrow(data: ReadableBuffer, max_bytes: int) -> pa.Table:
    """The table of an Arrow stream or file."""
    import pyarrow as pa

    body = pa.py_buffer(data)
    is_file = body[: len(_MAGIC)].to_pybytes() == _MAGIC
    reader = pa.ipc.open_file(body) if is_file else pa.ipc.open_stream(body)
    size = 0
    for number, message in enumerate(_in_file(body) if is_file else pa.ipc.MessageReader.open_stream(body)):
        size += _unpacked(message)
        check_unpacked(size, max_bytes)
        if number == _MOST_MESSAGES:
            raise BadInput(f"the Arrow body has more than {_MOST_MESSAGES} messages")
    return _read(reader, max_bytes)


def _read(reader: pa.RecordBatchFileReader | pa.RecordBatchStreamReader, max_bytes: int) -> pa.Table:
    import pyarrow as pa

    check_types(reader.schema)
    batches = []
    rows = 0
    for batch in _batches(reader):
        rows += batch.num_rows
        check_size(rows, batch.num_columns, max_bytes)
        batches.append(batch)
    return flat(pa.Table.from_batches(batches, reader.schema), (), max_bytes)


def _batches(reader: pa.RecordBatchFileReader | pa.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
    if hasattr(reader, "num_record_batches"):
        return (reader.get_batch(number) for number in range(reader.num_record_batches))
    return iter(reader)


def _in_file(body: pa.Buffer) -> Iterator[pa.Message]:
    """The messages that the footer of a file lists."""
    import pyarrow as pa

    end = body.size - len(_MAGIC) - 4
    (length,) = struct.unpack("<i", body[end : end + 4].to_pybytes())
    footer = _root(body[end - length : end].to_pybytes())
    blocks = (block for field in _BLOCKS for block in _structs(footer, field, _BLOCK))
    for start, head, size in islice(blocks, _MOST_MESSAGES + 1):
        if min(start, head, size) < 0 or start + head + size > body.size:
            raise BadInput("the Arrow file is damaged: a message is not where the footer says")
        yield pa.ipc.read_message(body[start : start + head + size])


def _unpacked(message: pa.Message) -> int:
    """The bytes that the compressed buffers of a message unpack to. Other buffers are used in place and count nothing."""
    import pyarrow as pa

    if message.metadata_version != pa.ipc.MetadataVersion.V5:
        raise BadInput("the Arrow body is written as before Arrow 1.0: expected metadata of version 5")
    batch = _batch(_root(message.metadata.to_pybytes()))
    if batch is None or not batch.Offset(_COMPRESSION):
        return 0
    sizes = [_size(message.body, start) for start, length in _structs(batch, _BUFFERS, _BUFFER) if length]
    return sum(size for size in sizes if size != _AS_IT_IS)


def _batch(message: Any) -> Any:
    """The record batch in a message, or in the dictionary in a message; None for any other message."""
    from flatbuffers.number_types import BoolFlags, Uint8Flags

    kind = message.GetSlot(_HEADER_TYPE, 0, Uint8Flags)
    if kind not in (_DICTIONARY_BATCH, _RECORD_BATCH):
        return None
    batch = _inner(message, _HEADER)
    if kind == _RECORD_BATCH:
        return batch
    # If a dictionary grows, each batch keeps its own copy of all of it.
    if batch.GetSlot(_IS_DELTA, False, BoolFlags):
        raise BadInput("the Arrow body has a dictionary that grows, which is not read here: send each of them whole")
    return _inner(batch, _DICTIONARY_DATA)


def _root(buffer: bytes) -> Any:
    """The root table of a flatbuffer."""
    from flatbuffers.table import Table

    return Table(buffer, *struct.unpack_from("<I", buffer))


def _inner(table: Any, field: int) -> Any:
    return type(table)(table.Bytes, table.Indirect(table.Pos + table.Offset(field)))


def _structs(table: Any, field: int, layout: str) -> Iterator[tuple[int, ...]]:
    """The structs in a field that is a vector of structs."""
    place = table.Offset(field)
    if not place:
        return iter(())
    start, count = table.Vector(place), table.VectorLen(place)
    return struct.iter_unpack(layout, table.Bytes[start : start + count * struct.calcsize(layout)])


def _size(body: pa.Buffer, start: int) -> int:
    """The unpacked length that a compressed buffer declares."""
    if not 0 <= start <= body.size - 8:
        raise BadInput("the Arrow body is damaged: a buffer is not where its message says")
    size = int(struct.unpack("<q", body[start : start + 8].to_pybytes())[0])
    if size < _AS_IT_IS:
        raise BadInput("the Arrow body is damaged: a buffer has no size")
    return size

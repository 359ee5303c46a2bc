"""Parquet and Arrow bodies are read whichever program wrote them, and malicious ones are refused soon."""

from __future__ import annotations

import datetime as dt
import io
import json
import struct
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from signal import SIGABRT

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from bento import BadInput, InvalidInput, Payload, TooLarge
from bento_pandas import DataFrameAdapter

PARQUET, STREAM, FILE = (f"application/vnd.apache.{name}" for name in ("parquet", "arrow.stream", "arrow.file"))
SOON = 2.0
"""In seconds; nothing here takes a tenth of it on a machine that is not busy."""


def parquet(table, **options):
    file = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.Table.from_pandas(table), file, **options)
    return file.getvalue()


def arrow(table, kind=pa.ipc.new_stream, **options):
    sink = pa.BufferOutputStream()
    table = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table)
    with kind(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def decode(body, media_type, **options):
    return DataFrameAdapter(**options).decode(Payload.of(body, media_type))


def refusal(body, media_type, kind=BadInput, **options):
    started = time.perf_counter()
    with pytest.raises(BadInput) as error:
        decode(body, media_type, **options)
    assert time.perf_counter() - started < SOON
    assert type(error.value) is kind
    return str(error.value)


FRAME = pd.DataFrame(
    {
        "whole": [1, 2, 3],
        "number": [0.5, None, 2.0],
        "text": ["a", None, "ü" * 20],
        "kind": pd.Categorical(["y", "x", None], ["x", "y"]),
        "time": pd.to_datetime(["2026-01-01", None, "2026-01-03"], utc=True).as_unit("us"),
        "yes": [True, False, True],
    }
)
BODIES = {
    "parquet": (parquet(FRAME), PARQUET),
    "parquet plain": (parquet(FRAME, use_dictionary=["kind"], compression="none"), PARQUET),
    "parquet zstd, second pages": (parquet(FRAME, compression="zstd", data_page_version="2.0"), PARQUET),
    "parquet in pieces": (parquet(FRAME, row_group_size=1, data_page_size=1), PARQUET),
    "stream": (arrow(FRAME), STREAM),
    "stream zstd": (arrow(FRAME, compression="zstd"), STREAM),
    "file": (arrow(FRAME, pa.ipc.new_file), FILE),
    "file lz4": (arrow(FRAME, pa.ipc.new_file, compression="lz4"), FILE),
}


@pytest.mark.parametrize("name", BODIES)
def test_tables_that_pyarrow_writes_are_read(name):
    body, media_type = BODIES[name]
    assert_frame_equal(decode(body, media_type), FRAME)


def test_a_stream_and_a_file_are_distinguished_by_their_content():
    assert_frame_equal(decode(BODIES["file"][0], STREAM), FRAME)
    assert_frame_equal(decode(BODIES["stream"][0], FILE), FRAME)


@pytest.mark.parametrize(("write", "media_type"), [("write_parquet", PARQUET), ("write_ipc", FILE), ("write_ipc_stream", STREAM)])
@pytest.mark.parametrize("compression", ["uncompressed", "zstd"])
def test_tables_that_polars_writes_are_read(write, media_type, compression):
    table = pl.DataFrame({"a": [1, 2], "s": ["x" * 20, None], "c": pl.Series(["u", "v"], dtype=pl.Categorical)})
    file = io.BytesIO()
    getattr(table, write)(file, compression=compression)
    frame = decode(file.getvalue(), media_type)
    assert frame.astype(object).fillna("missing").to_dict("list") == {"a": [1, 2], "s": ["x" * 20, "missing"], "c": ["u", "v"]}


@pytest.mark.parametrize("write", [parquet, arrow])
def test_the_declared_columns_and_dtypes_are_given(write):
    body = write(FRAME)
    frame = decode(body, PARQUET if write is parquet else STREAM, columns=["yes", "whole"], dtype={"whole": "int8"})
    assert_frame_equal(frame, FRAME[["yes", "whole"]].astype({"whole": "int8"}))
    assert refusal(body, PARQUET if write is parquet else STREAM, InvalidInput, columns=["yes", "no"]) == (
        "the table lacks the column 'no': expected 'yes', 'no'"
    )


@pytest.mark.parametrize("write", [parquet, arrow])
def test_row_labels_are_labels_again(write):
    media_type = PARQUET if write is parquet else STREAM
    for index in (
        pd.Index(["r", "s", "t"], name="id"),
        pd.Index([5, 6, 7]),
        pd.MultiIndex.from_product([["r"], [1, 2, 3]], names=["a", None]),
    ):
        labelled = FRAME[["whole"]].set_axis(index)
        assert_frame_equal(decode(write(labelled), media_type), labelled)


@pytest.mark.parametrize("write", [parquet, arrow])
def test_whole_numbers_with_gaps_are_floats_unless_floats_would_round_them(write):
    media_type = PARQUET if write is parquet else STREAM
    small, large = ({"id": pd.array([number, None], "Int64")} for number in (7, 2**53 + 1))
    assert decode(write(pd.DataFrame(small)), media_type)["id"].dtype == "float64"
    assert decode(write(pd.DataFrame(large)), media_type)["id"].tolist() == [2**53 + 1, pd.NA]
    assert decode(write(pd.DataFrame(large)), media_type, dtype="Int64")["id"].tolist() == [2**53 + 1, pd.NA]


@pytest.mark.parametrize("write", [parquet, arrow])
def test_only_the_row_labels_are_taken_from_the_pandas_metadata(write):
    notes = {"index_columns": [{"kind": "range", "start": 0, "stop": 10**12, "step": 1}, "nowhere"], "attributes": {"a": 1}}
    hostile = {**notes, "column_indexes": [{}, {}], "columns": [{"name": "whole", "numpy_type": "os.system"}]}
    table = pa.Table.from_pandas(FRAME[["whole"]]).replace_schema_metadata({"pandas": json.dumps(hostile)})
    frame = decode(write(table), PARQUET if write is parquet else STREAM)
    assert_frame_equal(frame, FRAME[["whole"]])
    assert frame.attrs == {}
    damaged = pa.Table.from_pandas(FRAME).replace_schema_metadata({"pandas": "[" * 100_000})
    assert refusal(write(damaged), PARQUET if write is parquet else STREAM).startswith("the body cannot be read: ")


def test_a_decoded_table_can_be_changed_in_place():
    for body, media_type in BODIES.values():
        frame = decode(body, media_type)
        frame.loc[0, "whole"] = 9
        assert frame.loc[0, "whole"] == 9


NESTED = {
    "list<item: int64>": pa.array([[1]]),
    "struct<x: int64>": pa.array([{"x": 1}]),
    "map<string, int64>": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
    "fixed_size_binary[2]": pa.array([b"ab"], pa.binary(2)),
    "decimal256(50, 1)": pa.array([None], pa.decimal256(50, 1)),
    "extension<arrow.uuid>": pa.array([bytes(16)], pa.uuid()),
}


@pytest.mark.parametrize("kind", NESTED)
def test_types_that_flat_tables_lack_are_refused_by_column(kind):
    body = arrow(pa.table({"a": NESTED[kind]}))
    message = f"column 'a' has the type {kind}, which is not read here: expected numbers, booleans, texts, bytes, times or categories"
    assert refusal(body, STREAM, InvalidInput) == message
    with suppress(pa.ArrowNotImplementedError):
        body = parquet(pa.table({"a": NESTED[kind]}))
        assert refusal(body, PARQUET, InvalidInput).startswith("column 'a' has the type ")


def test_an_extension_type_is_refused_and_nothing_of_it_is_loaded(tmp_path):
    """Older versions of pyarrow unpickled the metadata of an extension type."""
    pickled = f"cos\nsystem\n(S'touch {tmp_path / 'canary'}'\ntR.".encode()
    for name in ("arrow.py_extension_type", "pandas.period", "nobody.knows"):
        metadata = {"ARROW:extension:name": name, "ARROW:extension:metadata": pickled}
        table = pa.Table.from_arrays([pa.array([b"x"])], schema=pa.schema([pa.field("a", pa.binary(), metadata=metadata)]))
        for body, media_type in ((arrow(table), STREAM), (arrow(table, pa.ipc.new_file), FILE), (parquet(table), PARQUET)):
            with suppress(BadInput):
                assert decode(body, media_type)["a"].tolist() == [b"x"]
    assert not (tmp_path / "canary").exists()


def test_two_columns_of_one_name_are_refused():
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    for body, media_type in ((arrow(table), STREAM), (parquet(table), PARQUET)):
        assert refusal(body, media_type, InvalidInput) == "the table has more than one column named 'a': expected names that differ"


def repeated(text, times, kind="dictionary"):
    """A column that holds one text many times in the space of one."""
    if kind == "dictionary":
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(times, np.int32)), [text])
    view = struct.pack("<iIii", len(text), int.from_bytes(text[:4].encode(), "little"), 0, 0)
    return pa.Array.from_buffers(pa.string_view(), times, [None, pa.py_buffer(view * times), pa.py_buffer(text.encode())])


LIMIT = 1 << 25
TEXT = "x" * (1 << 18)
ZEROS = np.zeros(LIMIT // 8 + 1)
BOMBS = {
    "rows": (lambda: parquet(pa.table({"a": ZEROS.astype(np.int8)})), PARQUET),
    "rows of nothing": (lambda: arrow(pa.table({"a": pa.nulls(10**9)})), STREAM),
    "rows without columns": (lambda: arrow(pa.table({"a": pa.nulls(10**9)}).select([])), STREAM),
    "a page that unpacks": (lambda: parquet(LARGE, use_dictionary=False, compression="zstd"), PARQUET),
    "a page that its footer keeps secret": (lambda: with_sizes_of_a_footer(parquet(LARGE, **PLAIN), 1000), PARQUET),
    "buffers that unpack": (lambda: arrow(pa.table({"a": ZEROS}), compression="zstd"), STREAM),
    "a file that unpacks": (lambda: arrow(pa.table({"a": ZEROS}), pa.ipc.new_file, compression="lz4"), FILE),
    "categories that unpack": (lambda: arrow(pa.table({"a": LARGE["a"].dictionary_encode()}), compression="zstd"), STREAM),
    "a text in every row": (lambda: parquet(pa.table({"a": repeated(TEXT, 1000)}), store_schema=False), PARQUET),
    "a category in every row": (lambda: arrow(pa.table({"a": repeated(TEXT, 1000)})), STREAM),
    "a view in every row": (lambda: arrow(pa.table({"a": repeated(TEXT, 1000, "view")})), STREAM),
}
LARGE = pa.table({"a": pa.array(["x" * 40_000_000], pa.large_string())})
PLAIN = {"use_dictionary": False, "compression": "zstd", "write_statistics": False, "store_schema": False}


def varint(number, length=0):
    """A non-negative number as Thrift writes it, in the fewest bytes or in more."""
    number *= 2
    parts = [number >> shift & 127 for shift in range(0, max(number.bit_length(), 7 * length, 1), 7)]
    return bytes([*(part | 128 for part in parts[:-1]), parts[-1]])


def with_sizes_of_a_footer(body, size):
    """A Parquet file of one column, whose footer states a wrong unpacked size."""
    metadata = pq.ParquetFile(io.BytesIO(body)).metadata
    start = len(body) - 8 - metadata.serialized_size
    footer = body[start:]
    for told in (metadata.row_group(0).column(0).total_uncompressed_size, metadata.row_group(0).total_byte_size):
        footer = footer.replace(varint(told), varint(size, len(varint(told))))
    return body[:start] + footer


def with_a_page_header(body, change):
    """A Parquet file of one page, with a changed beginning of the page header, before the packed size."""
    metadata = pq.ParquetFile(io.BytesIO(body)).metadata
    start = len(body) - 8 - metadata.serialized_size
    length = metadata.row_group(0).column(0).total_compressed_size
    pages = body[4:start]
    kind, rest = pages[:2], pages[2:]
    end = next(at for at in range(1, 10) if not rest[at] & 128) + 1
    changed = kind + change(rest[:end]) + rest[end:]
    footer = body[start:]
    assert footer.count(varint(length)) >= 1
    return body[:4] + changed + footer.replace(varint(length), varint(length + len(changed) - len(pages)))


@cache
def bomb(name):
    make, media_type = BOMBS[name]
    return make(), media_type


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_body_that_stands_for_a_huge_table_is_refused(name):
    body, media_type = bomb(name)
    assert len(body) < LIMIT // 20
    assert refusal(body, media_type, TooLarge, max_bytes=LIMIT).endswith(f"expected at most {LIMIT}")


def test_the_default_size_limit_is_half_a_gigabyte():
    assert refusal(bomb("rows of nothing")[0], STREAM, TooLarge) == (
        "the table takes 8000000000 bytes with its 1000000000 rows and 1 columns: expected at most 536870912"
    )


def test_a_size_in_a_footer_is_not_trusted_although_pyarrow_trusts_it():
    body, _ = bomb("a page that its footer keeps secret")
    assert pq.ParquetFile(io.BytesIO(body)).metadata.row_group(0).column(0).total_uncompressed_size == 1000
    assert pq.read_table(io.BytesIO(body)).nbytes > 40_000_000
    assert refusal(body, PARQUET, TooLarge, max_bytes=LIMIT) == f"the body unpacks to 40000010 bytes: expected at most {LIMIT}"


def test_a_page_that_tells_its_size_twice_is_refused():
    """pyarrow believes what comes last."""
    small = varint(7)
    body = with_a_page_header(parquet(LARGE, **PLAIN), lambda size: b"\x15" + small + b"\x05" + varint(2) + size[1:])
    assert pq.read_table(io.BytesIO(body)).nbytes > 40_000_000
    assert refusal(body, PARQUET) == "the Parquet file is damaged: its fields are out of order"


def test_a_number_that_is_wider_than_its_field_is_refused():
    """pyarrow cuts it off, so that another page may begin where it says than where it seems to."""
    body = with_a_page_header(parquet(LARGE, **PLAIN), lambda size: b"\x15" + varint(2**31 + 40_000_006))
    assert refusal(body, PARQUET) == "the Parquet file is damaged: it has an integer that is too large"


def test_a_list_that_declares_another_type_of_elements_is_refused():
    """pyarrow reads what it expects, so a reader that took the file at its word would see another footer."""
    schema, of_texts = b"\x15\x04\x19\x2c\x35", b"\x15\x04\x19\x28\x35"
    body = parquet(pa.table({"a": ["x", None]}))
    assert body.count(schema) == 1
    assert pq.read_table(io.BytesIO(body.replace(schema, of_texts))).to_pydict() == {"a": ["x", None]}
    message = "the Parquet file is damaged: it has a field of type 8 where 12 was expected"
    assert refusal(body.replace(schema, of_texts), PARQUET) == message


COUNTS = b"\x19\x06\x19\x26\x02\x02"
"""No repetition levels, and two definition levels that occur once each, in Thrift's compact protocol."""
ACCESS = "import sys, pyarrow.parquet; pyarrow.parquet.ParquetFile(sys.argv[1]).metadata.row_group(0).column(0)"


def test_a_footer_at_which_pyarrow_ends_the_process_is_refused(tmp_path):
    body = parquet(pa.table({"a": ["x", None]}))
    size = int.from_bytes(body[-8:-4], "little")
    assert body.count(COUNTS) == 1
    hostile = body[:-8].replace(COUNTS, COUNTS[:3] + b"\x36" + COUNTS[4:] + b"\x02") + (size + 1).to_bytes(4, "little") + b"PAR1"
    (tmp_path / "hostile").write_bytes(hostile)
    assert subprocess.run([sys.executable, "-c", ACCESS, tmp_path / "hostile"], capture_output=True, check=False).returncode == -SIGABRT
    assert refusal(hostile, PARQUET).startswith("the body cannot be read: OSError: Definition level histogram size mismatch")


PROBE = """
import resource, sys
from bento import BadInput, Payload
from bento_pandas import DataFrameAdapter

media_type, limit, warm, *bodies = sys.argv[1:]
adapter = DataFrameAdapter(max_bytes=int(limit))
adapter.decode(Payload.of(open(warm, "rb").read(), media_type))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for body in bodies:
    try:
        adapter.decode(Payload.of(open(body, "rb").read(), media_type))
    except BadInput:
        continue
    raise SystemExit("that was no bomb")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("media_type", [PARQUET, STREAM])
def test_refusing_takes_little_memory(media_type, tmp_path):
    """The allowed ten megabytes are a quarter of what the smallest of the bodies unpacks to."""
    bodies = {"warm": BODIES["parquet" if media_type == PARQUET else "stream"][0]}
    bodies |= {name: bomb(name)[0] for name, (_, kind) in BOMBS.items() if kind == media_type}
    paths = [tmp_path / name for name in bodies]
    for path in paths:
        path.write_bytes(bodies[path.name])
    command = [sys.executable, "-c", PROBE, media_type, str(LIMIT), *paths]
    assert int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) < 10 * 1024


def test_a_dictionary_that_grows_is_refused():
    sink = pa.BufferOutputStream()
    batches = [pa.record_batch({"a": pa.array(texts).dictionary_encode()}) for texts in (["x"], ["x", "y"])]
    with pa.ipc.new_stream(sink, batches[0].schema, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    message = "the Arrow body has a dictionary that grows, which is not read here: send each of them whole"
    assert refusal(sink.getvalue().to_pybytes(), STREAM) == message


def test_a_body_in_the_format_before_arrow_1_is_refused():
    """Its compression may be declared in a place that today's readers do not look at."""
    body = arrow(FRAME, metadata_version=pa.ipc.MetadataVersion.V4)
    assert refusal(body, STREAM) == "the Arrow body is written as before Arrow 1.0: expected metadata of version 5"


def test_texts_encoded_as_differences_from_those_before_are_refused():
    body = parquet(
        pa.table({"a": ["x" * length for length in range(100)]}), use_dictionary=False, column_encoding={"a": "DELTA_BYTE_ARRAY"}
    )
    message = "column 'a' is encoded as DELTA_BYTE_ARRAY, which is not read here: write it in another encoding"
    assert refusal(body, PARQUET, InvalidInput) == message


def test_a_text_that_lies_outside_of_its_buffer_is_refused():
    body = arrow(pa.table({"a": ["abcd", "efgh"]}))
    offsets = np.array([0, 4, 8], np.int32).tobytes()
    damaged = body.replace(offsets, np.array([0, 1 << 30, 8], np.int32).tobytes())
    assert refusal(damaged, STREAM).startswith("the body cannot be read: ArrowInvalid: Column 0: ")


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_cut_off_is_refused(name):
    body, media_type = BODIES[name]
    for end in range(0, len(body) - 8, 7):
        with suppress(BadInput):
            assert len(decode(body[:end], media_type)) in (0, 3)
    refusal(body[: len(body) // 2], media_type)


@pytest.mark.parametrize("name", BODIES)
def test_a_damaged_body_is_a_table_or_bad_input(name):
    body, media_type = BODIES[name]

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), min_size=1, max_size=4))
    def damage(changes):
        damaged = bytearray(body)
        for at, value in changes:
            damaged[at] = value
        started = time.perf_counter()
        with suppress(BadInput):
            assert isinstance(decode(bytes(damaged), media_type, max_bytes=1 << 24), pd.DataFrame)
        assert time.perf_counter() - started < SOON

    damage()


def test_a_date_can_become_a_time_without_a_zone_but_not_one_with_a_zone():
    body = Payload.of(arrow(pa.table({"a": pa.array([dt.date(2026, 1, 1)])})), STREAM)
    assert DataFrameAdapter(columns=["a"], dtype="datetime64[s]").decode(body)["a"].tolist() == [pd.Timestamp("2026-01-01")]
    with pytest.raises(InvalidInput, match=r"with an offset, for .*, got datetime\.date\(2026, 1, 1\) in row 0$"):
        DataFrameAdapter(columns=["a"], dtype="datetime64[s, Europe/Berlin]").decode(body)

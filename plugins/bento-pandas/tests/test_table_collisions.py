"""Texts that collide in the hash tables of pandas are refused quickly in every form; any number of other texts is read."""

from __future__ import annotations

import json
import string
import time
from itertools import islice, product

import pandas as pd
import pyarrow as pa
import pytest

from bento import InvalidInput, Payload
from bento_pandas import DataFrameAdapter

COLLIDING = ["".join(pairs) for pairs in product(("Aa", "BB"), repeat=15)]
CSV, STREAM = "text/csv", "application/vnd.apache.arrow.stream"


def arrow(texts):
    table = pa.Table.from_pandas(pd.DataFrame({"a": range(len(texts)), "b": texts, "c": texts}))
    notes = json.loads(table.schema.metadata[b"pandas"]) | {"index_columns": ["b", "c"]}
    table = table.replace_schema_metadata({b"pandas": json.dumps(notes).encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


BODIES = {
    "CSV": (DataFrameAdapter(), lambda texts: "\n".join(["a", *texts, ""]).encode(), CSV),
    "CSV with quotes": (DataFrameAdapter(), lambda texts: "\n".join(["a,b", *(f'1,"{text}"""' for text in texts), ""]).encode(), CSV),
    "categories": (
        DataFrameAdapter(columns=["a"], dtype="category"),
        lambda texts: json.dumps({"a": texts}).encode(),
        "application/json",
    ),
    "labels of two levels": (DataFrameAdapter(), arrow, STREAM),
}
READ = pytest.mark.parametrize(("adapter", "body", "media_type"), BODIES.values(), ids=BODIES)


@READ
def test_texts_chosen_to_collide_are_refused_soon(adapter, body, media_type):
    payload = Payload.of(body(COLLIDING), media_type)
    started = time.thread_time()
    with pytest.raises(InvalidInput, match=r"^the table has too many texts that pandas can hardly tell apart, such as '[AaB\"]+' and '"):
        adapter.decode(payload)
    assert time.thread_time() - started < 1.0


@READ
@pytest.mark.parametrize("texts", [COLLIDING[:4000], COLLIDING[:8] * 1000], ids=["few", "the same"])
def test_a_few_colliding_texts_are_read(adapter, body, media_type, texts):
    assert len(adapter.decode(Payload.of(body(texts), media_type))) == len(texts)


@READ
@pytest.mark.parametrize(
    "texts",
    [
        ["".join(letters) for letters in islice(product(string.ascii_letters + string.digits, repeat=3), 50_000)],
        [f"2026-11-{day:02}T{hour:02}:{minute:02}" for day in range(1, 31) for hour in range(24) for minute in range(60)],
        [chr(0x4E00 + number // 256) + chr(0x5E00 + number % 256) for number in range(50_000)],
    ],
    ids=["codes", "times", "words"],
)
def test_any_number_of_texts_that_do_not_collide_are_read(adapter, body, media_type, texts):
    assert len(adapter.decode(Payload.of(body(texts), media_type))) == len(texts)

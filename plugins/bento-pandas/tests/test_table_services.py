"""Services that take and return tables: answers of every kind, the example, and what a bundle records about the plugin."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

import bento
from bento.adapters import ArrayAdapter, JsonAdapter
from bento_pandas import DataFrameAdapter
from commands import BENTO, Commands

EXAMPLE = Path(__file__).parents[3] / "examples/diabetes.py"
TABLES = DataFrameAdapter(columns=["a", "b"])


TABLES_OF = {
    "frame": lambda frame: frame,
    "polars": pl.from_pandas,
    "arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "batch": lambda frame: pa.RecordBatch.from_pandas(frame, preserve_index=False),
    "series": lambda frame: frame["a"],
    "column": lambda frame: pl.from_pandas(frame)["a"],
    "chunks": lambda frame: pa.chunked_array([frame["a"]]),
}


class Answers(bento.Service):
    """Answer with tables of every kind; no api declares which."""

    @bento.api(input=TABLES, batch=True)
    def frame(self, table):
        return table

    @bento.api(input=TABLES, batch=True)
    def polars(self, table):
        return pl.from_pandas(table)

    @bento.api(input=TABLES, batch=True)
    def arrow(self, table):
        return pa.Table.from_pandas(table, preserve_index=False)

    @bento.api(input=TABLES, batch=True)
    def batch(self, table):
        return pa.RecordBatch.from_pandas(table, preserve_index=False)

    @bento.api(input=TABLES, batch=True)
    def series(self, table):
        return table["a"]

    @bento.api(input=TABLES, batch=True)
    def column(self, table):
        return pl.from_pandas(table)["a"]

    @bento.api(input=TABLES, output=DataFrameAdapter(), batch=True)
    def matrix(self, table):
        return np.stack([table["a"], table["a"] + 1], axis=1)

    @bento.api(input=JsonAdapter(), batch=True)
    def documents(self, items):
        return TABLES_OF[items[0]["kind"]](pd.DataFrame(items).drop(columns="kind"))

    @bento.api(input=JsonAdapter(), output=DataFrameAdapter(), batch=True)
    def records(self, items):
        return pd.DataFrame(items)

    @bento.api(batch=True)
    def hinted(self, table: pd.DataFrame):
        return table["a"] * 2


@pytest.fixture
def post():
    async def send(requests, service):
        app = bento.app(service)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
            await client.post(**requests[0])  # batches are formed only after an api has answered one request alone
            answers = await asyncio.gather(*(client.post(**request) for request in requests))
        await app.lifecycle.stop()
        return answers

    return lambda *requests, service=None: asyncio.run(send(requests, service or Answers()))


def rows(first, count=2):
    return [{"a": number, "b": f"t{number}"} for number in range(first, first + count)]


@pytest.mark.parametrize("api", ["frame", "polars", "arrow", "batch"])
def test_a_table_of_any_library_is_cut_into_the_records_of_each_caller(post, api):
    answers = post(*({"url": f"/{api}", "json": rows(10 * number, number)} for number in range(5)))
    assert [answer.json() for answer in answers] == [rows(10 * number, number) for number in range(5)]


@pytest.mark.parametrize("api", ["series", "column"])
def test_a_column_of_any_library_is_cut_into_the_values_of_each_caller(post, api):
    answers = post(*({"url": f"/{api}", "json": rows(number)} for number in range(5)))
    assert [answer.json() for answer in answers] == [[number, number + 1] for number in range(5)]


@pytest.mark.parametrize("kind", ["frame", "polars", "arrow", "batch"])
def test_each_document_of_a_batch_has_its_own_row_of_a_table_of_any_library(post, kind):
    answers = post(*({"url": "/documents", "json": {"kind": kind, **row}} for row in rows(1, 2)))
    assert [answer.json() for answer in answers] == rows(1, 2)


@pytest.mark.parametrize("kind", ["series", "column", "chunks"])
def test_each_document_of_a_batch_has_its_own_value_of_a_column_of_any_library(post, kind):
    answers = post(*({"url": "/documents", "json": {"kind": kind, **row}} for row in rows(1, 2)))
    assert [answer.json() for answer in answers] == [1, 2]


def test_a_missing_value_in_the_row_of_a_document_is_null(post):
    answers = post(*({"url": "/documents", "json": {"kind": "frame", "a": a, "b": b}} for a, b in [(1, "x"), (None, None)]))
    assert [answer.json() for answer in answers] == [{"a": 1.0, "b": "x"}, {"a": None, "b": None}]


def test_a_documents_row_is_written_in_every_form_of_a_table(post):
    answer, csv = post(
        {"url": "/records", "json": {"a": 1, "b": "x"}}, {"url": "/records", "json": {"a": 2, "b": "y"}, "headers": {"accept": "text/csv"}}
    )
    assert (answer.json(), csv.text) == ({"a": 1, "b": "x"}, "a,b\n2,y\n")


@pytest.mark.parametrize("media_type", JsonAdapter.media_types)
def test_missing_values_and_times_of_pandas_are_null_in_a_document(media_type):
    times = [pd.NaT, pd.Timestamp("2026-01-02"), {"when": pd.NaT}]
    body = JsonAdapter().encode({"times": times, "counts": pd.Series([1, pd.NA], dtype="Int64").tolist()}, media_type)
    document = JsonAdapter().decode(bento.Payload(body, media_type))
    assert document == {"times": [None, "2026-01-02T00:00:00", {"when": None}], "counts": [1, None]}


def test_an_array_of_two_axes_is_written_as_rows(post):
    answer, csv = post({"url": "/matrix", "json": rows(3)}, {"url": "/matrix", "json": rows(3), "headers": {"accept": "text/csv"}})
    assert answer.json() == [[3, 4], [4, 5]]
    assert csv.text == "0,1\n3,4\n4,5\n"


@pytest.mark.parametrize("media_type", DataFrameAdapter.media_types)
@pytest.mark.parametrize("api", ["frame", "polars", "arrow", "batch"])
def test_every_table_is_written_in_every_form(post, api, media_type):
    (answer,) = post({"url": f"/{api}", "json": rows(1, 3), "headers": {"accept": media_type}})
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert_frame_equal(DataFrameAdapter().decode(bento.Payload.of(answer.content, media_type)), pd.DataFrame(rows(1, 3)))


@pytest.mark.parametrize("value", [{}, {1: "a", "1": 2}, object(), [1, "a"]])
def test_a_value_that_a_form_cannot_hold_is_a_value_or_type_error_in_every_form(value):
    table = pd.DataFrame({"a": pd.Series([value, 2.5], dtype=object)})
    for media_type in DataFrameAdapter.media_types:
        with suppress(ValueError, TypeError):
            assert DataFrameAdapter().encode(table, media_type)
    with pytest.raises(ValueError, match=r"^the answer cannot be written as application/vnd\.apache\.parquet: Cannot write struct type"):
        DataFrameAdapter().encode(pd.DataFrame({"a": [{}]}), "application/vnd.apache.parquet")


class Columns(bento.Service):
    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=True)
    def arrow(self, items):
        return pa.Table.from_pylist(items)

    @bento.api(input=JsonAdapter(), output=ArrayAdapter(), batch=True)
    def batch(self, items):
        return pa.RecordBatch.from_pylist(items)


@pytest.mark.parametrize("api", Columns.apis)
def test_a_column_of_an_arrow_table_is_not_taken_for_the_answer_to_one_request(post, api):
    answers = post(*({"url": f"/{api}", "json": {"a": number, "b": -number}} for number in range(2)), service=Columns())
    assert [answer.status_code for answer in answers] == [500, 500]


class Sorted(bento.Service):
    @bento.api(input=TABLES, batch=True)
    def frame(self, table):
        return table.sort_values("a")

    @bento.api(input=TABLES, output=JsonAdapter(), batch=True)
    def series(self, table):
        return table["a"].sort_values()

    @bento.api(input=JsonAdapter(), batch=True)
    def documents(self, items):
        return pd.DataFrame(items).sort_values("a")

    @bento.api(input=TABLES, batch=True)
    def restored(self, table):
        return table.sort_values("a").assign(place=range(len(table))).sort_index()[["a"]]

    @bento.api(input=TABLES, batch=True)
    def named(self, table):
        return table.set_index("b")


@pytest.mark.parametrize("api", ["frame", "series", "documents"])
def test_a_table_whose_rows_were_sorted_is_refused_as_an_answer(post, api, caplog):
    rows = [{"a": 2, "b": "x"}, {"a": 1, "b": "y"}]
    answers = post(*({"url": f"/{api}", "json": body} for body in (rows if api == "documents" else [rows])), service=Sorted())
    assert {answer.status_code for answer in answers} == {500}
    got = f"a {'Series' if api == 'series' else 'DataFrame'} whose index says that they were sorted: return it after sort_index()"
    assert f"expected a result of 2 rows in their own order, got {got}" in caplog.text


@pytest.mark.parametrize("api", ["restored", "named"])
def test_a_table_with_restored_order_or_labels_of_its_own_is_cut_by_position(post, api):
    answers = post(*({"url": f"/{api}", "json": [{"a": number, "b": str(number)}]} for number in (3, 1, 2)), service=Sorted())
    assert [answer.json() for answer in answers] == [[{"a": number}] for number in (3, 1, 2)]


def words(table):
    return [f"what only row {number} may read" for number in table["a"]]


TEXTS = {
    "frame": lambda table: pd.DataFrame({"a": words(table)}),
    "series": lambda table: pd.Series(words(table)),
    "categories": lambda table: pd.DataFrame({"a": words(table)}).astype("category"),
    "labels": lambda table: pd.DataFrame({"a": table["a"].array}, index=pd.CategoricalIndex(words(table))),
    "polars": lambda table: pl.DataFrame({"a": words(table)}),
    "lists": lambda table: pl.DataFrame({"a": [[word, word] for word in words(table)]}),
    "arrow": lambda table: pa.table({"a": words(table)}),
    "batch": lambda table: pa.RecordBatch.from_pydict({"a": words(table)}),
    "structs": lambda table: pa.table({"a": [{"b": word} for word in words(table)]}),
    "dictionary": lambda table: pa.table({"a": pa.array(words(table)).dictionary_encode()}),
    "dictionaries": lambda table: pa.table({"a": pa.array([[word] for word in words(table)], pa.list_(pa.dictionary("i4", "str")))}),
    "views": lambda table: pa.table({"a": pa.array(words(table)).cast(pa.string_view())}),
    "maps": lambda table: pa.table({"a": pa.array([[(word, word)] for word in words(table)], pa.map_("str", "str"))}),
    "runs": lambda table: pa.table({"a": pa.RunEndEncodedArray.from_arrays(range(1, len(table) + 1), words(table))}),
    "union": lambda table: pa.table({"a": pa.UnionArray.from_sparse(pa.array([0] * len(table), "i1"), [pa.array(words(table))])}),
}


class Texts(bento.Service):
    def __init__(self, kind) -> None:
        super().__init__()
        self.kind = kind

    @bento.api(input=TABLES, batch=True)
    def tell(self, table):
        return TEXTS[self.kind](table)


@pytest.mark.parametrize("media_type", [each for each in DataFrameAdapter.media_types if "arrow" in each or "parquet" in each])
@pytest.mark.parametrize("kind", TEXTS)
def test_the_bytes_of_an_answer_hold_nothing_of_the_rows_of_another_caller(post, kind, media_type):
    asked = [rows(10 * place + 10, count) for place, count in enumerate((1, 2, 3, 1))]
    answers = post(*({"url": "/tell", "json": each, "headers": {"accept": media_type}} for each in asked), service=Texts(kind))
    if "parquet" in media_type and kind in {"runs", "union"}:
        assert {answer.status_code for answer in answers} == {500}
        return
    for answer, each in zip(answers, asked, strict=True):
        told = {int(number) for number in re.findall(rb"what only row (\d+)", answer.content)}
        assert told
        assert told <= {row["a"] for row in each}


def test_categories_and_entries_of_dictionaries_keep_their_order_and_dtype():
    table = pa.table({"a": pa.DictionaryArray.from_arrays(pa.array([3, None, 0], "i1"), ["low", "mid", "high", "top"], ordered=True)})
    frame = pd.DataFrame({"a": pd.Categorical.from_codes([3, -1, 0], ["low", "mid", "high", "top"], ordered=True)})
    for value in (table, frame):
        sent = DataFrameAdapter().encode(value, "application/vnd.apache.arrow.stream")
        column = pa.ipc.open_stream(sent).read_all()["a"]
        assert column.type == pa.dictionary("i1", column.type.value_type, ordered=True)
        assert (column.chunk(0).dictionary.to_pylist(), column.to_pylist()) == (["low", "top"], ["top", None, "low"])


def test_a_type_hint_is_enough(post):
    assert post({"url": "/hinted", "json": {"a": [1, 2]}})[0].json() == [2, 4]


class NotedAdapter(DataFrameAdapter):
    """Remembers the thread in which it decodes."""

    def decode(self, payload):
        return super().decode(payload).assign(thread=threading.get_ident())


class Noted(bento.Service):
    @bento.api(input=NotedAdapter(), output=JsonAdapter())
    def threads(self, table):
        return table["thread"].tolist()


def test_a_table_is_never_read_on_the_event_loop_even_if_its_body_is_small(post):
    """A few kilobytes may unpack to half a gigabyte."""
    (answer,) = post({"url": "/threads", "json": [1]}, service=Noted())
    assert answer.json() != [threading.get_ident()]


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path)


def test_the_example_saves_a_bundle_that_answers_with_tables(run, tmp_path):
    assert "saved diabetes:" in run(sys.executable, EXAMPLE)
    run(BENTO, "run", "diabetes", "progress", "--input-file", "patients.csv", "--output", "progress.csv")
    progress = pd.read_csv(tmp_path / "progress.csv")
    assert list(progress.columns) == ["progress", "percent"]
    assert progress["progress"].between(25, 346).all()
    run(BENTO, "run", "diabetes", "alike", "--input-file", "patients.csv", "--output", "alike.parquet")
    nearest = pd.read_parquet(tmp_path / "alike.parquet").iloc[[0]].drop(columns="progress")
    assert_frame_equal(nearest.reset_index(drop=True), pd.read_csv(tmp_path / "patients.csv").iloc[[0]])
    names = "import bento; print(*bento.Store().get('diabetes').manifest.requirements, sep='\\n')"
    needed = {line.partition("==")[0] for line in run(sys.executable, "-c", names).split()}
    assert needed >= {"bento-pandas", "bento-sklearn", "pandas", "pyarrow", "scikit-learn"}


def test_importing_the_plugin_imports_no_framework(run):
    script = "import sys, bento_pandas; bento_pandas.DataFrameAdapter(columns=['a']); bento_pandas.DataFrameArtifact(); "
    frameworks = "('pandas', 'numpy', 'pyarrow', 'polars', 'flatbuffers')"
    assert run(sys.executable, "-c", f"{script}print([name for name in {frameworks} if name in sys.modules])") == "[]\n"

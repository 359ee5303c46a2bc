"""Every form in which clients of BentoML 0.13 send tables is still read, and harmful ones are refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from bento import BadInput, DefinitionError, InvalidInput, Payload, TooLarge, UnsupportedMediaType
from bento_pandas import DataFrameAdapter

ROWS = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


def decode(document, media_type="application/json", **options):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return DataFrameAdapter(**options).decode(Payload.of(body, media_type))


def refusal(document, kind=InvalidInput, **options):
    with pytest.raises(BadInput) as error:
        decode(document, **options)
    assert type(error.value) is kind
    return str(error.value)


@pytest.mark.parametrize(
    "document",
    [
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        [{"a": 1, "b": "x"}, {"b": "y", "a": 2}],
        {"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]},
        {"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}},
        {"a": {"0": 1, "1": 2}, "b": {"1": "y", "0": "x"}},
        {"a": [1, 2], "b": ["x", "y"]},
    ],
)
def test_the_form_of_a_document_is_recognised_by_its_content(document):
    assert_frame_equal(decode(document), ROWS)


def test_a_list_of_lists_is_rows_whose_columns_are_counted():
    assert_frame_equal(decode([[1, "x"], [2, "y"]]), ROWS.set_axis([0, 1], axis="columns"), check_column_type=False)
    assert decode([1, 2]).to_dict("list") == {0: [1, 2]}


def test_the_index_form_is_read_if_it_is_declared():
    document = {"r": {"a": 1, "b": "x"}, "s": {"a": 2, "b": "y"}}
    assert_frame_equal(decode(document, orient="index"), ROWS.set_axis(["r", "s"]))
    assert list(decode(document).columns) == ["r", "s"]


@pytest.mark.parametrize(
    ("orient", "document"),
    [
        ("records", [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ("split", {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}),
        ("columns", {"a": [1, 2], "b": ["x", "y"]}),
        ("index", {"0": {"a": 1, "b": "x"}, "1": {"a": 2, "b": "y"}}),
    ],
)
def test_a_declared_form_is_the_only_one_that_is_read(orient, document):
    assert_frame_equal(decode(document, orient=orient), ROWS)
    assert refusal(3, orient=orient).startswith("expected ")
    assert refusal([] if isinstance(document, dict) else {}, orient=orient).startswith("expected ")


def test_documents_that_pandas_writes_are_read():
    for orient in ("records", "split", "columns", "values"):
        frame = decode(ROWS.to_json(orient=orient).encode())
        assert frame.to_numpy().tolist() == ROWS.to_numpy().tolist()


def test_an_object_with_one_key_more_than_split_has_is_columns():
    assert list(decode({"columns": [1], "index": [2], "data": [3], "d": [4]}).columns) == ["columns", "index", "data", "d"]


def test_labels_are_numbers_if_all_of_them_are_and_texts_otherwise():
    assert decode({"a": {"5": 1, "-7": 2}}).index.tolist() == [5, -7]
    assert decode({"a": {"5": 1, "07": 2}}).index.tolist() == ["5", "07"]
    assert decode({"columns": ["a"], "index": ["r"], "data": [[1]]}).index.tolist() == ["r"]
    assert type(decode({"a": {"0": 1, "1": 2}}).index) is pd.RangeIndex


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_is_read_with_any_line_end_and_charset(charset, line_end):
    text = line_end.join(["a,b", '1,"x, ""y"""', "2,é", ""])
    frame = decode(text.encode(charset), f"text/csv; charset={charset}")
    assert frame.to_dict("list") == {"a": [1, 2], "b": ['x, "y"', "é"]}


def test_the_charset_of_json_is_honoured():
    assert decode('[{"a": "é"}]'.encode("latin-1"), "application/json; charset=latin-1").to_dict("list") == {"a": ["é"]}


@pytest.mark.parametrize("media_type", ["", "application/json", "application/vnd.table+json"])
def test_json_is_read_under_several_media_types(media_type):
    assert len(decode([{"a": 1}], media_type)) == 1


@pytest.mark.parametrize("media_type", ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded"])
def test_other_content_types_are_refused(media_type):
    with pytest.raises(UnsupportedMediaType) as error:
        decode(b"[]", media_type)
    assert str(error.value) == (
        f"{media_type!r} is not read here: expected one of application/json, text/csv, application/vnd.apache.parquet, "
        "application/vnd.apache.arrow.stream, application/vnd.apache.arrow.file"
    )


class TestColumns:
    """`columns=` sets the columns and their order; values are matched by name."""

    @pytest.mark.parametrize(
        "document",
        [
            [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
            [{"z": 0, "b": "x", "a": 1}, {"b": "y", "a": 2}],
            {"columns": ["b", "z", "a"], "index": [0, 1], "data": [["x", 0, 1], ["y", 0, 2]]},
            {"z": 0, "b": ["x", "y"], "a": [1, 2]},
            [["x", 1], ["y", 2]],
            b"b,z,a\nx,0,1\ny,0,2\n",
        ],
    )
    def test_every_form_gives_the_declared_columns_in_their_order(self, document):
        media_type = "text/csv" if isinstance(document, bytes) else "application/json"
        assert_frame_equal(decode(document, media_type, columns=["b", "a"]), ROWS[["b", "a"]])

    @pytest.mark.parametrize(
        ("document", "message"),
        [
            ([{"a": 1, "b": 2}, {"a": 1}], "row 1 lacks the column 'b': expected 'a', 'b'"),
            ([{}], "row 0 lacks the columns 'a', 'b': expected 'a', 'b'"),
            ({"a": [1]}, "the table lacks the column 'b': expected 'a', 'b'"),
            ({"columns": ["a"], "index": [0], "data": [[1]]}, "the table lacks the column 'b': expected 'a', 'b'"),
            ([[1, 2, 3]], "expected a list of 2 values for row 0, got 3 values"),
            ([[1, 2], [1]], "expected a list of 2 values for row 1, got 1 values"),
            ([1], "expected a list of 2 values for row 0, got 1 values"),
        ],
    )
    def test_a_document_without_a_declared_column_or_with_more_values_is_refused(self, document, message):
        assert refusal(document, columns=["a", "b"]) == message

    def test_a_csv_without_a_declared_column_is_refused(self):
        with pytest.raises(InvalidInput, match=r"^the table lacks the column 'b': expected 'a', 'b'$"):
            decode(b"a,c\n1,2\n", "text/csv", columns=["a", "b"])

    def test_a_table_without_rows_has_the_declared_columns(self):
        frame = decode([], columns=["a", "b"], dtype={"a": "int8"})
        assert (list(frame.columns), frame.dtypes["a"], len(frame)) == (["a", "b"], "int8", 0)

    def test_many_missing_columns_are_not_all_listed(self):
        names = [f"c{number}" for number in range(20)]
        assert refusal([{}], columns=names).startswith("row 0 lacks the columns 'c0', 'c1', 'c2', 'c3', 'c4' and 15 more: expected ")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([{"a": 1}, [1]], "expected an object for row 1, got a list of 1"),
        ([[1], {"a": 1}], "expected a list of 1 values for row 1, got an object with the keys 'a'"),
        ([1, {"a": 1}], "expected a value for row 1, got an object with the keys 'a'"),
        ([[1, 2], [1]], "expected a list of 2 values for row 1, got 1 values"),
        ({"a": [1], "b": [1, 2]}, "column 'b': expected 1 values, as column 'a' has, got 2"),
        ({"a": [1], "b": {"0": 1}}, "column 'b': expected a list or an object of values, got an object with the keys '0'"),
        ({"a": {"0": 1}, "b": {"1": 1}}, "column 'b': expected an object with the labels of column 'a', got an object with the keys '1'"),
        ({"a": [1], "b": 1}, "column 'b': expected a list or an object of values, got 1"),
        ({"a": 1, "b": None}, "expected a table, got a row of one, an object with the keys 'a', 'b': put it into a list"),
        (
            {"columns": ["a"], "index": [0, 1], "data": [[1]]},
            "expected as many labels as rows, got 2 and 1",
        ),
        (
            {"columns": ["a", "a"], "index": [0], "data": [[1, 2]]},
            "the table has more than one column named 'a': expected names that differ",
        ),
        ({"columns": [["a", "b"]], "index": [0], "data": [[1]]}, "expected labels that are texts or numbers, got a list of 2"),
        ({"columns": ["a"], "index": [None], "data": [[1]]}, "expected labels that are texts or numbers, got null"),
        (
            {"columns": "a", "index": [0], "data": [[1]]},
            "expected an object with lists as 'columns', 'index' and 'data', got one with 'columns', 'index', 'data'",
        ),
        ("text", "expected a table, as a list of objects, a list of rows or an object of columns, got 'text'"),
        (None, "expected a table, as a list of objects, a list of rows or an object of columns, got null"),
    ],
)
def test_a_document_that_is_not_a_table_is_refused_with_what_does_not_fit(document, message):
    assert refusal(document) == message


def test_a_document_in_another_than_the_declared_form_is_refused():
    assert refusal({"a": [1]}, orient="records") == "expected a list of objects, got an object with the keys 'a'"
    assert refusal([1], orient="records") == "expected an object for row 0, got 1"
    assert refusal([], orient="split") == "expected an object of columns, index and data, got a list of 0"
    assert refusal({"a": 1}, orient="split") == "expected an object with lists as 'columns', 'index' and 'data', got one with 'a'"
    assert refusal({"r": 1}, orient="index") == "expected an object for row 0, got 1"


@pytest.mark.parametrize("body", [b"", b"[", b"[NaN]", b"\xff", b"[" * 200])
def test_a_body_that_is_not_json_is_refused(body):
    refusal(body, BadInput)


def test_records_need_not_have_the_same_keys_where_no_columns_are_declared():
    frame = decode([{"a": 1}, {"b": "x"}, {}])
    assert frame.astype(object).fillna("missing").to_dict("list") == {"a": [1, "missing", "missing"], "b": ["missing", "x", "missing"]}


def test_objects_without_keys_are_rows():
    assert decode([{}, {}]).shape == (2, 0)


def test_objects_that_share_no_keys_are_refused_before_they_fill_memory():
    records = [{f"k{number}": 1} for number in range(5000)]
    message = "5000 objects with 5000 different keys share too few of them: send objects with the same keys"
    assert refusal(records, TooLarge) == message


@pytest.mark.parametrize(("document", "count"), [([[0] * 20_000], 20_000), ({f"k{n}": [0] for n in range(20_000)}, 20_000)])
def test_more_columns_than_a_spreadsheet_has_are_refused_unless_they_are_declared(document, count):
    assert refusal(document, TooLarge) == f"the table has {count} columns: expected at most 16384"
    names = [f"k{number}" for number in range(count)]
    assert decode(document, columns=names, dtype="int8").shape == (1, count)


def test_a_table_that_would_take_too_much_memory_is_refused():
    assert (
        refusal([[1, 2], [3, 4]], TooLarge, max_bytes=31) == "the table takes 32 bytes with its 2 rows and 2 columns: expected at most 31"
    )
    with pytest.raises(TooLarge, match=r"^the table takes 24 bytes with its 3 rows and 1 columns: expected at most 23$"):
        decode(b"a\n1\n2\n3\n", "text/csv", max_bytes=23)


def test_a_decoded_table_can_be_changed_in_place():
    for options in ({}, {"dtype": "float64"}):
        frame = decode([[1, 2]], **options)
        frame.iloc[0, 0] = 9
        assert frame.iloc[0, 0] == 9


VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
TABLES = st.tuples(st.integers(0, 4), st.integers(1, 4)).flatmap(
    lambda shape: st.lists(st.lists(VALUES, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0])
)


@given(TABLES)
def test_every_form_of_a_table_gives_the_same_values(rows):
    names = [f"c{number}" for number in range(len(rows[0]) if rows else 1)]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    columns = {name: [row[number] for row in rows] for number, name in enumerate(names)}
    adapter = DataFrameAdapter(columns=names)
    split = {"columns": names[::-1], "index": list(range(len(rows))), "data": [row[::-1] for row in rows]}
    frames = [adapter.decode(Payload.of(json.dumps(form).encode())) for form in (records, rows, columns, split)]
    for frame in frames[1:]:
        assert_frame_equal(frame, frames[0])
    kept = [[None if pd.isna(value) else value for value in row] for row in frames[0].astype(object).to_numpy().tolist()]
    assert kept == rows


def test_only_pandas_types_are_claimed():
    assert isinstance(DataFrameAdapter.for_annotation(pd.DataFrame), DataFrameAdapter)
    assert DataFrameAdapter.for_annotation(pd.Series) is DataFrameAdapter.for_annotation(np.ndarray) is None
    assert isinstance(DataFrameAdapter.for_value(pd.DataFrame()), DataFrameAdapter)
    assert isinstance(DataFrameAdapter.for_value(pd.Series([1])), DataFrameAdapter)
    assert [DataFrameAdapter.for_value(value) for value in ([1], {"a": [1]}, np.zeros(3), pd.Index([1]))] == [None] * 4


def test_the_options_that_are_not_the_default_are_remembered():
    assert DataFrameAdapter().options() == {}
    kind = pd.CategoricalDtype(["x", "y"], ordered=True)
    adapter = DataFrameAdapter("records", ["a", "b"], {"a": float, "b": kind}, example=[{"a": 1, "b": "x"}], max_bytes=99)
    assert adapter.options() == {
        "orient": "records",
        "columns": ["a", "b"],
        "dtype": {"a": "float64", "b": {"categories": ["x", "y"], "ordered": True}},
        "example": [{"a": 1, "b": "x"}],
        "max_bytes": 99,
    }
    assert DataFrameAdapter(dtype="Int64").options() == {"dtype": "Int64"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"orient": "table"}, "expected orient= one of 'records', 'rows', 'split', 'columns', 'index', got 'table'"),
        ({"columns": "ab"}, "expected columns=['a', 'b'] with a text for each column, got 'ab'"),
        ({"columns": [1]}, "expected columns=['a', 'b'] with a text for each column, got [1]"),
        ({"columns": []}, "expected columns= with one name or more, each of them once, got []"),
        ({"columns": ["a", "a"]}, "expected columns= with one name or more, each of them once, got ['a', 'a']"),
        ({"columns": ["a"], "dtype": {"b": "int8"}}, "dtype= has the column 'b', which is not among ['a']"),
        ({"dtype": "int9"}, "'int9' is not a dtype: expected one like 'float64', 'Int64', 'str' or 'category'"),
        (
            {"dtype": "complex64"},
            "'complex64' cannot be read from a request: expected one of numbers, booleans, texts, categories, or times with a unit",
        ),
        ({"max_bytes": 0}, "expected max_bytes= a whole number of bytes, got 0"),
        (
            {"columns": ["a"], "example": [{"b": 1}]},
            "the example of DataFrameAdapter does not fit: row 0 lacks the column 'a': expected 'a'",
        ),
    ],
)
def test_an_invalid_option_is_refused(options, message):
    with pytest.raises(DefinitionError) as error:
        DataFrameAdapter(**options)
    assert str(error.value) == message


@pytest.mark.parametrize("dtype", ["datetime64", "period[D]", "interval", "Sparse[int]", "longdouble", "S3", "int64[pyarrow]"])
def test_a_dtype_that_no_request_brings_is_refused(dtype):
    with pytest.raises(DefinitionError, match="cannot be read from a request"):
        DataFrameAdapter(dtype=dtype)


@pytest.mark.parametrize("document", [[{}, {}], [[], []], {"columns": [], "index": [0, 1], "data": [[], []]}], ids=str)
def test_rows_without_columns_are_counted_as_rows(document):
    assert decode(document).shape == (2, 0)


def test_a_split_document_without_labels_or_columns_has_its_rows():
    assert decode({"columns": [], "data": [[], []]}, orient="split").shape == (2, 0)

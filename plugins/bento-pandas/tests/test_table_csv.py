"""CSV is read as pandas reads it, but without its guesses."""

from __future__ import annotations

import csv
import io
import time
from contextlib import suppress

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from bento import BadInput, InvalidInput, Payload, TooLarge
from bento_pandas import DataFrameAdapter


def decode(text, **options):
    return DataFrameAdapter(**options).decode(Payload.of(text.encode(), "text/csv"))


def refusal(text, kind=BadInput, **options):
    with pytest.raises(BadInput) as error:
        decode(text, **options)
    assert type(error.value) is kind
    return str(error.value)


FIELDS = st.text('ab1.,-"\n é', max_size=5) | st.sampled_from(["", "NA", "null", "True", "1e5", "0.1", "-7", "inf", "2026-01-01", "007"])
SHAPES = st.tuples(st.integers(1, 4), st.integers(2, 4))


@given(SHAPES.flatmap(lambda shape: st.lists(st.lists(FIELDS, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0])))
def test_a_well_formed_table_is_what_pandas_reads(rows):
    text = io.StringIO()
    csv.writer(text).writerows([[f"c{number}" for number in range(len(rows[0]))], *rows])
    assert_frame_equal(decode(text.getvalue()), pd.read_csv(io.StringIO(text.getvalue()), low_memory=False))


@given(st.floats(allow_nan=False))
def test_floats_are_read_to_the_last_bit(value):
    assert decode(f"a\n{value!r}\n").loc[0, "a"] == value


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n", "\n \t\n"])
def test_empty_lines_are_skipped(end):
    assert decode(f"a,b\n\n1,2{end}").to_dict("list") == {"a": [1], "b": [2]}


def test_an_empty_field_in_quotes_is_a_row():
    assert decode('a\n""\n1\n').isna().to_dict("list") == {"a": [True, False]}


def test_a_number_in_a_column_of_time_spans_is_in_seconds_as_in_json():
    spans = decode('a\n3\n1.5\n1 days\n""\n', columns=["a"], dtype="timedelta64[ms]")["a"]
    assert spans.tolist() == [*map(pd.Timedelta, ("3s", "1500ms", "1D")), pd.NaT]


@pytest.mark.parametrize("kind", [[1, 2], [0.5, 2.0], [True, False], ["1", "x"]], ids=str)
def test_categories_are_read_as_their_declared_type(kind):
    fields = "\n".join(map(str, [*kind, '""']))
    found = decode(f"a\n{fields}\n", columns=["a"], dtype=pd.CategoricalDtype(kind))["a"]
    assert [*found.cat.codes] == [0, 1, -1]
    assert "expected one of" in refusal("a\n7\n", InvalidInput, columns=["a"], dtype=pd.CategoricalDtype(kind))


def test_a_byte_order_mark_is_not_part_of_a_column_name():
    assert list(decode("\ufeffa,b\n1,2\n").columns) == ["a", "b"]


def test_a_column_without_a_name_gets_the_name_that_pandas_gives():
    assert decode(pd.DataFrame({"a": [7]}).to_csv()).to_dict("list") == {"Unnamed: 0": [0], "a": [7]}


def test_a_column_declared_as_text_keeps_its_fields_as_they_are():
    frame = decode("zip,n\n00501,1\nNA,2\n,3\n", dtype={"zip": "str"})
    assert frame["zip"].fillna("missing").tolist() == ["00501", "NA", "missing"]
    assert decode("zip\n00501\n")["zip"].tolist() == [501]


def test_declared_dtypes_are_read_from_text():
    dtypes = {"i": "int64", "f": "float32", "b": "bool", "n": "Int64", "t": "datetime64[s]", "c": pd.CategoricalDtype(["1", "2"])}
    frame = decode("i,f,b,n,t,c\n1,2,true,,2026-01-01T00:00:00,1\n3.0,NA,False,9007199254740993,,2\n", dtype=dtypes)
    assert frame.dtypes.astype(str).to_dict() == {name: str(pd.api.types.pandas_dtype(dtype)) for name, dtype in dtypes.items()}
    assert frame["i"].tolist() == [1, 3]


def test_a_large_whole_number_beside_a_gap_is_not_rounded():
    frame = decode('n\n9007199254740993\n""\n', dtype="Int64")
    assert frame["n"].tolist() == [9007199254740993, pd.NA]
    message = "column 'n': expected a whole number from -128 to 127 for Int8, got 'x' in row 1"
    assert refusal("n\nNA\nx\n", InvalidInput, dtype="Int8") == message


@pytest.mark.parametrize("text", ["1_0", "\u0661"])
@pytest.mark.parametrize(
    ("dtype", "expected"), [("Int8", "a whole number from -128 to 127 for Int8"), ("Float64", "a number in the range of Float64")]
)
def test_a_number_in_a_notation_of_python_only_is_refused(text, dtype, expected):
    assert refusal(f"n\n{text}\n", InvalidInput, dtype=dtype) == f"column 'n': expected {expected}, got {text!r} in row 0"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n1,2,3\n", "expected 2 fields in row 1, as the header has, got 3"),
        ("a,b\n1,2,3\n", "expected 2 fields in row 0, as the header has, got 3"),
        ("a,b\n1\n", "expected 2 fields in row 0, as the header has, got 1"),
        ("a,b,a\n1,2,3\n", "the table has more than one column named 'a': expected names that differ"),
    ],
)
def test_rows_that_are_not_as_long_as_the_header_are_refused_and_nothing_is_shifted(text, message):
    assert refusal(text, InvalidInput) == message


@pytest.mark.parametrize(("text", "header"), [("a;b\n1;2\n", "a;b"), ("a\tb\n1\t2\n", "a\tb"), ("a;b\n1,5;2\n", "a;b")])
def test_fields_separated_by_other_than_commas_are_an_error_if_columns_are_declared(text, header):
    message = f"expected commas between the fields, got the header {header!r}"
    assert refusal(text, InvalidInput, columns=["a", "b"]) == message


def test_a_column_may_have_a_semicolon_in_its_name():
    assert decode("a;b\n1\n", columns=["a;b"]).to_dict("list") == {"a;b": [1]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the body is not CSV: it is empty, and a header was expected"),
        ("\n\n", "the body is not CSV: it is empty, and a header was expected"),
        ("a\n1\0\n", "the body is not CSV: it holds a null character"),
        ('a,b\n1,"x\n', "the body is not CSV: Error tokenizing data. C error: EOF inside string starting at row 1"),
        ("a\n" + "x" * 200_000, "the body is not CSV: field larger than field limit (131072)"),
    ],
)
def test_a_body_that_is_not_csv_is_refused(text, message):
    assert refusal(text) == message


@pytest.mark.parametrize("text", ["," * 1_000_000, "a\n" + "," * 1_000_000, "\n" * 1_000_000, "a" + "\n1" * 500_000, '"' * 1_000_000])
def test_any_megabyte_of_csv_is_read_or_refused_quickly(text):
    started = time.perf_counter()
    with suppress(BadInput):
        decode(text)
    assert time.perf_counter() - started < 2


def test_more_columns_than_a_spreadsheet_has_are_refused():
    assert refusal("," * 20_000, TooLarge) == "the table has 20001 columns: expected at most 16384"

"""`dtype=`: a conversion loses nothing, or the request is refused with the column, value and row."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bento import InvalidInput, Payload
from bento_pandas import DataFrameAdapter

KIND = pd.CategoricalDtype(["x", "y"])
BERLIN = "datetime64[ns, Europe/Berlin]"


def column(values, dtype):
    adapter = DataFrameAdapter(columns=["a"], dtype={"a": dtype})
    return adapter.decode(Payload.of(json.dumps([{"a": value} for value in values]).encode()))["a"]


def refusal(values, dtype):
    with pytest.raises(InvalidInput) as error:
        column(values, dtype)
    return str(error.value)


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, 2], "int8", [1, 2]),
        ([1.0, 2], "int64", [1, 2]),
        ([True, False], "int8", [1, 0]),
        ([1, True], "int64", [1, 1]),
        ([2**64 - 1], "uint64", [2**64 - 1]),
        ([1, None], "Int8", [1, pd.NA]),
        ([2**53 + 1, None], "Int64", [2**53 + 1, pd.NA]),
        ([1, 2], "float32", [1.0, 2.0]),
        ([0.1], "float32", [float(np.float32(0.1))]),
        ([1, None], "float64", [1.0, float("nan")]),
        ([None, None], "float64", [float("nan")] * 2),
        ([1, None], "Float64", [1.0, pd.NA]),
        ([True, False], "bool", [True, False]),
        ([1, 0.0], "bool", [True, False]),
        ([True, None], "boolean", [True, pd.NA]),
        (["a", None], "string", ["a", pd.NA]),
        (["a"], "str", ["a"]),
        (["x", None, "y"], KIND, ["x", float("nan"), "y"]),
        ([1, "a", None], "category", [1, "a", float("nan")]),
        ([[1], {"b": 2}, None], object, [[1], {"b": 2}, None]),
        (["2026-01-01", "2026-01-01T10:00:00.5", None], "datetime64[ms]", ["2026-01-01", "2026-01-01T10:00:00.500", pd.NaT]),
        (["2026-01-01T00:00:00Z", "2026-07-01T00:00:00+00:00"], BERLIN, ["2026-01-01T01:00:00+01:00", "2026-07-01T02:00:00+02:00"]),
        ([1.5, 2, None], "timedelta64[ms]", ["1500ms", "2s", pd.NaT]),
        (["P1DT2H", "26:00:00"], "timedelta64[s]", ["26h", "26h"]),
        ([3, "1 days", None], "timedelta64[s]", ["3s", "1D", pd.NaT]),
        ([], "int8", []),
        ([], BERLIN, []),
    ],
    ids=str,
)
def test_values_that_fit_a_dtype_are_converted(values, dtype, expected):
    found = column(values, dtype)
    assert str(found.dtype) == str(pd.api.types.pandas_dtype(dtype))
    if found.dtype.kind in "mM":
        expected = pd.to_timedelta(expected) if found.dtype.kind == "m" else [pd.Timestamp(value) for value in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one is pd.NA and other is pd.NA) or (pd.isna(one) is True and pd.isna(other) is True) or one == other


@pytest.mark.parametrize(
    ("values", "dtype", "message"),
    [
        ([1, 300], "int8", "a whole number from -128 to 127 for int8, got 300 in row 1"),
        ([-1], "uint16", "a whole number from 0 to 65535 for uint16, got -1 in row 0"),
        ([2**63], "int64", "a whole number from -9223372036854775808 to 9223372036854775807 for int64, got 9223372036854775808 in row 0"),
        ([1.5], "Int8", "a whole number from -128 to 127 for Int8, got 1.5 in row 0"),
        (
            [2.0**60],
            "int64",
            "a whole number from -9223372036854775808 to 9223372036854775807 for int64, got 1.152921504606847e+18 in row 0",
        ),
        ([1, None], "int8", "a whole number for int8, got null in row 1"),
        (["1"], "int8", "a whole number from -128 to 127 for int8, got '1' in row 0"),
        ([[1]], "int8", "a whole number from -128 to 127 for int8, got [1] in row 0"),
        ([1e39], "float32", "a number in the range of float32, got 1e+39 in row 0"),
        ([0.5, "x"], "float64", "a number in the range of float64, got 'x' in row 1"),
        ([True, None], "bool", "true or false for bool, got null in row 1"),
        ([2], "bool", "true or false for bool, got 2 in row 0"),
        (["true"], "boolean", "true or false for boolean, got 'true' in row 0"),
        (["a", 1], "str", "a text, got 1 in row 1"),
        ([1], "string", "a text, got 1 in row 0"),
        (["x", "z"], KIND, "one of 'x', 'y', got 'z' in row 1"),
        ([["x"]], "category", "a text or a number, got ['x'] in row 0"),
        ([7], "datetime64[s]", "a time as ISO 8601 text, without an offset, for datetime64[s], got 7 in row 0"),
        (["01.02.2026"], "datetime64[s]", "a time as ISO 8601 text, without an offset, for datetime64[s], got '01.02.2026' in row 0"),
        (
            ["2026-01-01T00:00:00Z"],
            "datetime64[s]",
            "a time as ISO 8601 text, without an offset, for datetime64[s], got '2026-01-01T00:00:00Z' in row 0",
        ),
        (["2026-01-01T00:00:00"], BERLIN, f"a time as ISO 8601 text, with an offset, for {BERLIN}, got '2026-01-01T00:00:00' in row 0"),
        (
            ["2026-01-01T00:00:00.5"],
            "datetime64[s]",
            "a value that datetime64[s] holds without rounding, got '2026-01-01T00:00:00.5' in row 0",
        ),
        ([1.5], "timedelta64[s]", "a value that timedelta64[s] holds without rounding, got 1.5 in row 0"),
        (["soon"], "timedelta64[s]", "a number of seconds, or a time span as text, for timedelta64[s], got 'soon' in row 0"),
        (["3"], "timedelta64[ns]", "a number of seconds, or a time span as text, for timedelta64[ns], got '3' in row 0"),
        ([True], "timedelta64[s]", "a number of seconds, or a time span as text, for timedelta64[s], got True in row 0"),
        ([[1]], "timedelta64[s]", "a number of seconds, or a time span as text, for timedelta64[s], got [1] in row 0"),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_refused_by_column_value_and_row(values, dtype, message):
    assert refusal(values, dtype) == f"column 'a': expected {message}"


@pytest.mark.parametrize("dtype", ["datetime64[s]", BERLIN])
@pytest.mark.parametrize("part", ["T", " ", "+00:00", "1 days "])
def test_a_text_of_any_length_that_is_not_a_time_is_refused_soon(part, dtype):
    text = "2026-01-01T" + part * 20_000 + "x"
    started = time.thread_time()
    assert f"expected a time as ISO 8601 text, with{'out' if dtype != BERLIN else ''} an offset, for {dtype}, got" in refusal([text], dtype)
    assert time.thread_time() - started < 1.0


@pytest.mark.parametrize("dtype", ["float32", "float64", "Float64"])
@pytest.mark.parametrize("number", ["1" * 400, "-" + "1" * 4000])
def test_a_whole_number_that_no_float_holds_is_refused(number, dtype):
    """In JSON it is malformed; in CSV it is a number that pandas reads."""
    adapter = DataFrameAdapter(columns=["a"], dtype=dtype)
    with pytest.raises(InvalidInput) as error:
        adapter.decode(Payload.of(f"a\n{number}\n".encode(), "text/csv"))
    assert str(error.value) == f"column 'a': expected a number in the range of {dtype}, got {number:.60} in row 0"


def test_a_time_out_of_range_is_refused():
    assert refusal(["9999-01-01"], "datetime64[ns]").startswith("column 'a': expected values in the range of datetime64[ns]: ")


def test_one_dtype_for_all_is_for_every_column():
    frame = DataFrameAdapter(dtype="float32").decode(Payload.of(b'[{"a": 1, "b": 2.5}, {"a": 3, "b": 4}]'))
    assert frame.dtypes.tolist() == [np.dtype("float32")] * 2
    assert frame.to_numpy().tolist() == [[1, 2.5], [3, 4]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[[1, 2], [3, 400]]", "column 1: expected a whole number from -128 to 127 for int8, got 400 in row 1"),
        (b"[[1, 2], [3.5, 4]]", "column 0: expected a whole number from -128 to 127 for int8, got 3.5 in row 1"),
        (b'[[1, 2], ["x", 4]]', "column 0: expected a whole number from -128 to 127 for int8, got 'x' in row 1"),
        (b"[[1, 2], [null, 4]]", "column 0: expected a whole number for int8, got null in row 1"),
    ],
)
def test_one_dtype_for_all_refuses_by_column_too(body, message):
    with pytest.raises(InvalidInput) as error:
        DataFrameAdapter(dtype="int8").decode(Payload.of(body))
    assert str(error.value) == message


def test_without_a_dtype_a_column_is_what_pandas_makes_of_it():
    body = (
        b'[{"i": 1, "f": 0.5, "g": 1, "b": true, "t": "2026-01-01", "o": 1}, {"i": 2, "f": 1, "g": null, "b": false, "t": null, "o": "x"}]'
    )
    expected = pd.DataFrame(json.loads(body)).dtypes
    assert DataFrameAdapter().decode(Payload.of(body)).dtypes.to_dict() == expected.to_dict()


def test_without_a_dtype_whole_numbers_beside_a_gap_are_not_rounded():
    frame = DataFrameAdapter().decode(Payload.of(b'[{"id": 9007199254740993}, {"id": null}]'))
    assert frame["id"].tolist() == [9007199254740993, None]


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_numbers_with_gaps_are_kept_whatever_they_are(values):
    assert [None if value is pd.NA else value for value in column(values, "Int64")] == values


@given(st.lists(st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4))
def test_a_conversion_to_whole_numbers_is_exact_or_refused(values):
    """The results are compared with Python's own numbers, which are never truncated."""
    exact = [value == int(value) and -128 <= value <= 127 for value in values]
    if all(exact):
        assert column(values, "int8").tolist() == values
    else:
        assert refusal(values, "int8").endswith(f"in row {exact.index(False)}")

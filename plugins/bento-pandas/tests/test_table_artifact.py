"""DataFrames as models: Parquet restores them exactly, or saving is refused with the column."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from bento import ArtifactError
from bento_pandas import DataFrameArtifact

ARTIFACT = DataFrameArtifact()
LOST_FREQUENCY = (
    "the index of datetime64[us] with the frequency 'D', which would come back as one of datetime64[us] without a frequency: "
    "convert it, or leave it out"
)
TIMES = pd.date_range("2026-01-01", periods=2, freq="D", unit="us")


def one(values, **options):
    return pd.DataFrame({"a": pd.Series(values, **options)})


@pytest.mark.parametrize(
    "frame",
    [
        one(np.array([1.5, np.inf], "float16")),
        one([decimal.Decimal("1.50"), None]),
        one([dt.date(2026, 1, 1), None]),
        one([b"\xff", None]),
        one(pd.period_range("2026-01", periods=2, freq="M")),
        one(pd.interval_range(0, 2)),
        one(pd.Categorical(["x", None, "y"], ["y", "x"], ordered=True)),
        one(["x", None]),
        one([], dtype="int8"),
        pd.DataFrame(),
        pd.DataFrame([[1, 2]]),
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["x", None])),
        pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(5, 9, 2, name="r")),
        pd.DataFrame({"a": [1, 2]}, index=pd.Index([3, 4], name="a")),
    ],
)
def test_tables_that_parquet_can_keep_are_restored_exactly(frame, tmp_path):
    ARTIFACT.save(frame, tmp_path)
    assert_frame_equal(ARTIFACT.load(tmp_path), frame, check_exact=True, check_freq=True)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (one([[1], [2]]), "column 'a': the list in row 0 would come back as numpy.ndarray array([1]): convert it, or drop it"),
        (one([{"x": 1}, {"y": 2}]), "column 'a': the dict in row 0 would come back as dict {'x': 1.0, 'y': None}: convert it, or drop it"),
        (one([1, 2], dtype=object), "column 'a': its object would come back as int64: convert it, or drop it"),
        (
            one(pd.Categorical([3, 1], [3, 1], ordered=True)),
            "column 'a': its ordered categories [3, 1] of int64 would come back as int64: convert it, or drop it",
        ),
        (pd.DataFrame({"a": [1, 2]}, index=TIMES), LOST_FREQUENCY),
        (
            pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
            "the flag that labels differ: use set_flags(allows_duplicate_labels=True)",
        ),
    ],
)
def test_a_table_that_parquet_would_change_is_refused(frame, message, tmp_path):
    with pytest.raises(ArtifactError) as error:
        ARTIFACT.save(frame, tmp_path)
    assert str(error.value) == f"Parquet would lose {message}"


def test_attributes_that_are_not_json_are_refused(tmp_path):
    frame = one([1])
    frame.attrs["x"] = {1: 2}
    with pytest.raises(ArtifactError, match=r"^Parquet would lose the attributes \{'x': \{1: 2\}\}: use nothing but JSON in attrs$"):
        ARTIFACT.save(frame, tmp_path)


@pytest.mark.filterwarnings("ignore:The DataFrame has column names of mixed type")
def test_names_that_would_become_texts_are_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"^Parquet would lose the names of the columns: use texts, or whole numbers$"):
        ARTIFACT.save(pd.DataFrame([[1, 2]], columns=["a", 1]), tmp_path)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            one([1, "x"], dtype=object),
            "Could not convert 'x' with type str: tried to convert to int64: Conversion failed for column a with type object",
        ),
        (one([1j]), "Unsupported numpy type 15: Conversion failed for column a with type complex128"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "Duplicate column names found: ['a', 'a']"),
    ],
)
def test_values_without_a_parquet_type_are_refused(frame, message, tmp_path):
    with pytest.raises(ArtifactError) as error:
        ARTIFACT.save(frame, tmp_path)
    assert str(error.value) == f"Parquet cannot keep this DataFrame: {message}: convert the column, or drop it"


def test_only_data_frames_of_pandas_itself_are_accepted():
    class Frame(pd.DataFrame):
        """Like the one of GeoPandas."""

    assert ARTIFACT.accepts(pd.DataFrame())
    assert [ARTIFACT.accepts(value) for value in (Frame(), pd.Series([1]), {"a": [1]}, np.zeros(1))] == [False] * 4


def test_a_file_that_is_not_parquet_is_damaged(tmp_path):
    (tmp_path / "model.parquet").write_bytes(b"PAR1 but not really PAR1")
    with pytest.raises(
        ArtifactError, match=r"^cannot load '.*model\.parquet': the Parquet file is damaged: its footer is larger than the file$"
    ):
        ARTIFACT.load(tmp_path)


TEXT = "a text of which a dictionary holds one, however often it is there" * 100


@pytest.mark.parametrize(
    ("frame", "size"),
    [
        (one([TEXT] * 1000), 1000 * (8 + len(TEXT))),
        (one(np.zeros(100_000)), 800_000),
        (one([decimal.Decimal("1.50")] * 10_000), 640_000),
        (one([dt.date(2026, 1, 1)] * 10_000), 640_000),
        (one([1]).reindex(index=pd.Index([TEXT] * 1000)).set_axis(["a"], axis=1), 1000 * (16 + len(TEXT))),
    ],
)
def test_a_small_file_that_stands_for_a_large_table_is_refused(frame, size, tmp_path):
    bounded, path = DataFrameArtifact(max_bytes=100_000), tmp_path / "model.parquet"
    most = r"(?P<most>[0-9]+): DataFrameArtifact\(max_bytes="
    with pytest.raises(ArtifactError, match=rf"^the table takes {size} bytes: expected at most {most}{size}\) keeps it, if it is meant to"):
        bounded.save(frame, tmp_path)
    DataFrameArtifact(max_bytes=size).save(frame, tmp_path)
    assert path.stat().st_size * 16 < size
    assert_frame_equal(DataFrameArtifact(max_bytes=size).load(tmp_path), frame)
    with pytest.raises(ArtifactError, match=rf"^cannot load '{path}': the table takes {size} bytes: expected at most "):
        bounded.load(tmp_path)


def test_columns_of_periods_are_kept_in_files_as_small_as_numbers(tmp_path):
    frame = one(pd.PeriodIndex(["2026-01"] * 10_000, freq="M"))
    DataFrameArtifact(max_bytes=80_000).save(frame, tmp_path)
    assert_frame_equal(DataFrameArtifact(max_bytes=80_000).load(tmp_path), frame)


def test_a_large_file_may_hold_a_table_of_its_size(tmp_path):
    frame = pd.DataFrame({"a": np.random.default_rng(1).random(50_000)})
    DataFrameArtifact(max_bytes=1).save(frame, tmp_path)
    assert_frame_equal(DataFrameArtifact(max_bytes=1).load(tmp_path), frame)


@pytest.mark.parametrize("values", [[[TEXT] * 1000], [{"x": TEXT}] * 1000])
def test_nested_texts_in_a_dictionary_of_unknown_size_are_refused(values, tmp_path):
    path = tmp_path / "model.parquet"
    pq.write_table(pa.table({"a": values}), path)
    fault = "column 'a' has texts within others, in a dictionary, which no table that is saved here has"
    with pytest.raises(ArtifactError, match=rf"^cannot load '{path}': {fault}$"):
        ARTIFACT.load(tmp_path)


@pytest.mark.parametrize("values", [[[7] * 100_000], [[None] * 100_000]])
def test_lists_that_are_longer_than_their_file_are_refused(values, tmp_path):
    pq.write_table(pa.table({"a": pa.array(values, pa.list_(pa.int64()))}), tmp_path / "model.parquet")
    with pytest.raises(ArtifactError, match=r": the table takes 800064 bytes: expected at most "):
        DataFrameArtifact(max_bytes=100_000).load(tmp_path)


def test_texts_encoded_as_differences_from_others_are_refused(tmp_path):
    path = tmp_path / "model.parquet"
    pq.write_table(pa.table({"a": [TEXT] * 1000}), path, use_dictionary=False, column_encoding={"a": "DELTA_BYTE_ARRAY"})
    fault = f"cannot load {str(path)!r}: {str(path)!r} is not as a table is saved here: it has texts that are made of others"
    with pytest.raises(ArtifactError) as error:
        ARTIFACT.load(tmp_path)
    assert str(error.value) == fault


@pytest.mark.parametrize("values", [[{"x": "y", "z": 1}] * 3, [np.arange(3.0)] * 3])
def test_structs_and_arrays_are_kept(values, tmp_path):
    frame = one(values)
    ARTIFACT.save(frame, tmp_path)
    assert_frame_equal(ARTIFACT.load(tmp_path), frame)


def test_the_size_limit_of_a_table_is_remembered():
    assert [DataFrameArtifact(**options).options() for options in ({}, {"max_bytes": 7})] == [{}, {"max_bytes": 7}]

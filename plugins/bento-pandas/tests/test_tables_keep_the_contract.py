"""The adapter and the artifact, through the kits that any plugin's are tested with."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from bento import Payload
from bento.testing import AdapterTests
from bento_pandas import DataFrameAdapter
from bento_pandas.checks import TestDataFrameAdapter, TestDataFrameArtifact

__all__ = ["TestDataFrameAdapter", "TestDataFrameArtifact"]

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=True, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=8)
# Earlier offsets have seconds, which ISO 8601 does not allow.
TIMES = st.datetimes(pd.Timestamp(1900, 1, 1), pd.Timestamp(2200, 1, 1))


def frames(dtypes, fewest=0, **values):
    """Frames of columns in their dtypes, of four rows at most."""

    def of(count):
        columns = {name: st.lists(kind, min_size=count, max_size=count) for name, kind in values.items()}
        return st.fixed_dictionaries(columns).map(lambda given: made(given, dtypes))

    return st.integers(fewest, 4).flatmap(of)


def made(columns, dtypes):
    return pd.DataFrame({name: pd.Series(columns[name], dtype=dtype) for name, dtype in dtypes.items()})


DTYPES = {
    "number": "Float64",
    "whole": "int64",
    "gaps": "Int64",
    "yes": "bool",
    "maybe": "boolean",
    "text": "str",
    "kind": pd.CategoricalDtype(["x", "y", "z"], ordered=True),
    "local": "datetime64[us]",
    "time": "datetime64[ns, Europe/Berlin]",
    "span": "timedelta64[s]",
}


class TestDeclared(AdapterTests):
    max_examples = 4
    adapter = DataFrameAdapter(columns=[*DTYPES], dtype=DTYPES)

    def values(self):
        return frames(
            DTYPES,
            number=st.none() | FLOATS.filter(lambda value: value == value),  # noqa: PLR0124 - not NaN
            whole=INTEGERS,
            gaps=st.none() | INTEGERS,
            yes=st.booleans(),
            maybe=st.none() | st.booleans(),
            text=st.none() | TEXTS,
            kind=st.sampled_from(["x", "y", "z", None]),
            local=st.none() | TIMES,
            time=st.none() | TIMES.map(lambda time: pd.Timestamp(time, tz="UTC").tz_convert("Europe/Berlin")),
            span=st.none() | st.integers(-(10**9), 10**9).map(lambda seconds: pd.Timedelta(seconds=seconds)),
        )


class TestUndeclared(AdapterTests):
    """The values as pandas reads them, in the cases where all forms of a body agree."""

    max_examples = 8

    adapter = DataFrameAdapter()

    def values(self):
        text = st.text("xyzäö ,\n\"'", min_size=1, max_size=5).map(lambda text: f"t{text}")
        number = st.floats(0.1, 1e9).filter(lambda value: value % 1)
        return frames({"a": "int64", "b": "float64", "c": "str"}, 1, a=st.integers(-(2**53), 2**53), b=number, c=text)


LABELLED = st.lists(st.sampled_from("rstuv"), min_size=1, max_size=4).map(
    lambda labels: pd.DataFrame({"a": range(len(labels))}, index=pd.Index(labels, name="id"))
)


@given(st.lists(LABELLED, min_size=1, max_size=4))
def test_rows_with_labels_keep_them_in_a_batch_and_in_each_answer(tables):
    adapter = DataFrameAdapter()
    assert len({adapter.group(table) for table in tables}) == 1
    answers = adapter.unstack(adapter.stack(tables), [adapter.rows(table) for table in tables])
    for answer, table in zip(answers, tables, strict=True):
        assert_frame_equal(answer, table)


def test_tables_whose_column_names_differ_in_type_are_not_batched_together():
    adapter = DataFrameAdapter()
    whole, other = (adapter.decode(Payload.of(b'{"columns": [%s], "index": [0], "data": [[1]]}' % name)) for name in (b"1", b"1.0"))
    assert adapter.group(whole) != adapter.group(other)

"""The tests of `bento plugins pandas --check`: the kits' tests for tables as inputs, answers and models."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bento.testing import AdapterTests, ArtifactTests

from .adapter import DataFrameAdapter
from .artifact import DataFrameArtifact

_NUMBERS = st.floats(allow_infinity=False)


class TestDataFrameAdapter(AdapterTests):
    """One dtype for all columns, which takes the fast path. NaN is a missing value."""

    adapter = DataFrameAdapter(columns=["a", "b"], dtype="float64")
    max_examples = 15

    def values(self) -> Any:
        import pandas as pd

        rows = st.lists(st.tuples(_NUMBERS, _NUMBERS), max_size=4)
        return rows.map(lambda rows: pd.DataFrame(rows, columns=["a", "b"], dtype="float64"))


class TestDataFrameArtifact(ArtifactTests):
    """A table with columns of all kinds that Parquet keeps."""

    artifact = DataFrameArtifact()

    def model(self) -> Any:
        import numpy as np
        import pandas as pd

        frame = pd.DataFrame(
            {
                "whole": np.array([1, 2, 3], "int8"),
                "number": [0.1, float("nan"), 3.0],
                "gaps": pd.array([1, None, 2**53 + 1], "Int64"),
                "maybe": pd.array([True, None, False], "boolean"),
                "text": ["a", None, "ü"],
                "kind": pd.Categorical(["y", "x", None], ["z", "y", "x"], ordered=True),
                "time": pd.date_range("2026-01-01", periods=3, tz="Europe/Berlin", unit="us"),
                "span": pd.to_timedelta([1, 2, None], unit="s").as_unit("ms"),
            },
            index=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["shop", "shelf"]),
        )
        frame.attrs["unit"] = "metre"
        return frame

    def inputs(self) -> Any:
        return ("b", 1)

    def predict(self, model: Any, inputs: Any) -> Any:
        return [model, model.loc[inputs].astype(object).tolist(), dict(model.attrs)]

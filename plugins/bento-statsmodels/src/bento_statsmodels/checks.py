"""The tests of `bento plugins statsmodels --check`: the kit's tests for the format, with a regression and a forecast."""

from __future__ import annotations

from typing import Any

from bento.testing import ArtifactTests

from .artifact import StatsmodelsPickleArtifact


class TestStatsmodelsPickleArtifact(ArtifactTests):
    """A regression with a formula; its input is a table with the columns of the formula."""

    artifact = StatsmodelsPickleArtifact()

    def model(self) -> Any:
        import numpy as np  # noqa: F401 - used in the formula
        import statsmodels.api as sm
        import statsmodels.formula.api as smf

        return smf.ols("np.log(foodexp) ~ income + I(income**2)", sm.datasets.engel.load_pandas().data).fit()

    def inputs(self) -> Any:
        import pandas as pd

        return pd.DataFrame({"income": [500.0, 1000.0]})

    def predict(self, model: Any, inputs: Any) -> Any:
        return model.predict(inputs)


class TestForecast(ArtifactTests):
    """A time series, whose forecast needs no input data."""

    artifact = StatsmodelsPickleArtifact()

    def model(self) -> Any:
        import statsmodels.api as sm
        from statsmodels.tsa.api import AutoReg

        return AutoReg(sm.datasets.sunspots.load_pandas().data["SUNACTIVITY"].to_numpy(), 9).fit()

    def inputs(self) -> Any:
        return 5

    def predict(self, model: Any, inputs: Any) -> Any:
        return model.forecast(inputs)

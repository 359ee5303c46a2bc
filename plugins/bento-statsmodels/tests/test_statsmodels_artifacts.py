"""Results of every family of models come back and predict the same, or are refused when they are saved."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.tsa.api import ARIMA, ExponentialSmoothing

import bento
from bento import ArtifactError
from bento.artifacts import VersionWarning, write_version
from bento_statsmodels import StatsmodelsPickleArtifact
from bento_statsmodels.checks import TestForecast, TestStatsmodelsPickleArtifact
from commands import BENTO, Commands

__all__ = ["TestForecast", "TestStatsmodelsPickleArtifact"]

ENGEL = sm.datasets.engel.load_pandas().data
SPOTS = sm.datasets.sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
DESIGN = sm.add_constant(ENGEL["income"])
EXAMPLE = Path(__file__).parents[3] / "examples/engel.py"


RESULTS = {
    "glm": lambda: sm.GLM(ENGEL["foodexp"], DESIGN, family=sm.families.Gamma(sm.families.links.Log())).fit(),
    "logit": lambda: sm.Logit((ENGEL["foodexp"] > 600).astype(int), DESIGN).fit(disp=False),
    "quantile": lambda: smf.quantreg("foodexp ~ income", ENGEL).fit(q=0.9),
    "categories": lambda: smf.ols("foodexp ~ C(rich)", ENGEL.assign(rich=ENGEL["income"] > 1000)).fit(),
    "regularized": lambda: sm.OLS(ENGEL["foodexp"], DESIGN).fit_regularized(),
    "arima": lambda: ARIMA(SPOTS, order=(2, 0, 0)).fit(),
    "smoothing": lambda: ExponentialSmoothing(SPOTS).fit(),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_of_every_family_predict_the_same(name, tmp_path):
    artifact, results = StatsmodelsPickleArtifact(), RESULTS[name]()
    assert artifact.accepts(results)
    artifact.save(results, tmp_path)
    assert np.array_equal(artifact.load(tmp_path).predict(), results.predict())


def test_results_of_another_statsmodels_give_a_warning(tmp_path):
    results = RESULTS["quantile"]()
    StatsmodelsPickleArtifact().save(results, tmp_path)
    (tmp_path / "version.json").write_text('{"statsmodels":"0.9.0"}')
    with pytest.warns(VersionWarning, match=r"^the model was saved with statsmodels 0\.9\.0 and is loaded with ") as caught:
        loaded = StatsmodelsPickleArtifact().load(tmp_path)
    assert [each.filename for each in caught] == [__file__]
    assert np.array_equal(loaded.predict(), results.predict())


def test_a_model_that_is_not_fitted_is_refused(tmp_path):
    model = sm.OLS(ENGEL["foodexp"], DESIGN)
    message = r"^this statsmodels\.regression\.linear_model\.OLS is not fitted: pack what its fit\(\) returns$"
    with pytest.raises(ArtifactError, match=message):
        StatsmodelsPickleArtifact().save(model, tmp_path)


def test_a_formula_with_a_function_that_only_the_script_has_is_refused(tmp_path):
    def halved(column):
        return column / 2

    results = smf.ols("foodexp ~ halved(income)", ENGEL).fit()
    with pytest.raises(ArtifactError) as error:
        StatsmodelsPickleArtifact().save(results, tmp_path)
    assert str(error.value).startswith("no other process could load this statsmodels.regression.linear_model.RegressionResultsWrapper: ")
    assert str(error.value).endswith(": a formula may use np and no other name of yours, so compute such a column before you fit")
    assert "halved" in str(error.value)


def test_a_pickle_of_something_else_is_refused(tmp_path):
    bento.artifacts.PickleArtifact().save([1], tmp_path)
    write_version(tmp_path, "statsmodels", statsmodels.__version__)
    with pytest.raises(ArtifactError, match=r"holds a list, which is not a result of statsmodels$"):
        StatsmodelsPickleArtifact().load(tmp_path)


def test_only_models_and_results_of_statsmodels_are_accepted():
    artifact = StatsmodelsPickleArtifact()
    assert artifact.accepts(sm.OLS(ENGEL["foodexp"], DESIGN))
    assert [artifact.accepts(value) for value in (ENGEL, SPOTS, {"params": 1}, smf.ols)] == [False] * 4


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path)


def test_the_example_saves_a_bundle_that_answers_where_it_is_trusted(run, tmp_path):
    assert "saved engel:" in run(sys.executable, EXAMPLE)
    (tmp_path / "incomes.csv").write_text("income\n500\n2000\n")
    run(BENTO, "run", "engel", "spend", "--input-file", "incomes.csv", "--output", "spent.csv")
    spent = pd.read_csv(tmp_path / "spent.csv")
    assert list(spent.columns) == ["low", "median", "high"]
    assert (spent["low"] < spent["median"]).all()
    assert (spent["median"] < spent["high"]).all()
    run(BENTO, "pack", "engel", "archive", "engel.bento")
    run(BENTO, "unpack", "engel.bento", home="elsewhere")
    refused = run.refused(BENTO, "run", "engel", "spend", "--input", "[500]", home="elsewhere")
    assert "was not made here: loading it would run its code" in refused
    assert "statsmodels-pickle" in refused


def test_importing_the_plugin_imports_no_framework(run):
    script = "import sys, bento_statsmodels; bento_statsmodels.StatsmodelsPickleArtifact(); "
    frameworks = "('statsmodels', 'pandas', 'numpy', 'scipy')"
    assert run(sys.executable, "-c", f"{script}print([name for name in {frameworks} if name in sys.modules])") == "[]\n"

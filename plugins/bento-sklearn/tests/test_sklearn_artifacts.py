"""Both artifacts pass the kit, with every kind of estimator that people serve."""

from typing import Any

import numpy as np
import pandas as pd
import petals
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, RepeatedKFold, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, Normalizer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from bento import Artifact, ArtifactError
from bento.testing import ArtifactTests
from bento_sklearn import SklearnArtifact, SklearnPickleArtifact
from bento_sklearn.checks import TestSklearnArtifact, TestSklearnPickleArtifact

__all__ = ["TestSklearnArtifact", "TestSklearnPickleArtifact"]

FLOWERS, SPECIES = load_iris(return_X_y=True)
PATIENTS, PROGRESSION = load_diabetes(return_X_y=True)
DIGITS, NUMBERS = load_digits(return_X_y=True)
REVIEWS = ["a good film", "bad from start to end", "good actors", "bad film, bad actors", "the end is good"]
LIKED = ["yes", "no", "yes", "no", "yes"]


class TestPipelineWithOwnTransformers(ArtifactTests):
    artifact = SklearnArtifact(trusted=[petals.Ratios, petals.logarithm])

    def model(self):
        return petals.fitted()

    def inputs(self):
        return FLOWERS[::10]

    def predict(self, model, inputs):
        return model.predict_proba(inputs)


def table():
    """A table with numbers, names and gaps, and the values to predict."""
    rows = pd.DataFrame({"age": [31.0, None, 55.0, 47.0] * 5, "town": ["Ulm", "Jena", None, "Ulm"] * 5, "notes": ["old", "new"] * 10})
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age"]),
            ("names", OneHotEncoder(handle_unknown="ignore"), ["town"]),
            ("texts", TfidfVectorizer(), "notes"),
        ]
    )
    return make_pipeline(columns, LogisticRegression()), rows, [0, 1, 1, 0] * 5


MODELS = {
    "logistic regression": (LogisticRegression(max_iter=1000), FLOWERS, SPECIES),
    "parameters of numpy's types": (LogisticRegression(C=np.float64(0.5), max_iter=np.int64(1000)), FLOWERS, SPECIES),
    "a random state": (SGDClassifier(random_state=np.random.RandomState(3)), FLOWERS, SPECIES),
    "a random forest": (RandomForestClassifier(n_estimators=5, random_state=0), DIGITS, NUMBERS),
    "an isolation forest": (IsolationForest(n_estimators=5, random_state=0), FLOWERS, None),
    "gradient boosting": (GradientBoostingRegressor(n_estimators=5, random_state=0), PATIENTS, PROGRESSION),
    "histogram gradient boosting": (HistGradientBoostingClassifier(max_iter=2), FLOWERS, SPECIES),
    "a support vector machine": (SVC(), FLOWERS, SPECIES),
    "clusters": (KMeans(3, n_init=2, random_state=0), FLOWERS, None),
    "neighbours": (KNeighborsClassifier(), FLOWERS, SPECIES),
    "naive Bayes": (GaussianNB(), FLOWERS, SPECIES),
    "a neural network": (MLPClassifier((5,), tol=0.1, n_iter_no_change=2, random_state=0), FLOWERS, SPECIES),
    "a pipeline": (make_pipeline(StandardScaler(), PCA(2), SVC()), FLOWERS, SPECIES),
    "a union": (make_pipeline(make_union(PCA(2), StandardScaler()), Ridge()), PATIENTS, PROGRESSION),
    "functions of numpy's": (make_pipeline(FunctionTransformer(np.log1p), GaussianNB()), FLOWERS, SPECIES),
    "texts": (make_pipeline(TfidfVectorizer(stop_words=["the", "a"], ngram_range=(1, 2)), LogisticRegression()), REVIEWS, LIKED),
    "columns of a table": table(),
    "a grid search": (GridSearchCV(SVC(), {"C": [1, 2]}, cv=2), FLOWERS, SPECIES),
    "calibration": (CalibratedClassifierCV(SVC(), cv=2), FLOWERS, SPECIES),
    "votes": (VotingRegressor([("a", Ridge()), ("b", GradientBoostingRegressor(n_estimators=2, random_state=0))]), PATIENTS, PROGRESSION),
    "a stack": (StackingClassifier([("a", GaussianNB())], LogisticRegression(), cv=2), FLOWERS, SPECIES),
    "a transformer": (PCA(2), FLOWERS, None),
    "a stateless transformer": (Normalizer(), FLOWERS, None),
}


def answers(model, inputs):
    return model.predict(inputs) if hasattr(model, "predict") else model.transform(inputs)


def lacking(artifact, model, folder):
    """The artifact that trusts the types which saving `model` asks for."""
    folder.mkdir()
    try:
        artifact.save(model, folder)
    except ArtifactError as error:
        return eval(str(error).partition(", write ")[2], {"SklearnArtifact": SklearnArtifact})
    return artifact


@pytest.mark.parametrize("name", MODELS)
def test_an_estimator_comes_back_and_two_saves_are_equal(name, tmp_path):
    model, inputs, targets = MODELS[name]
    model.fit(inputs, targets)
    artifact = lacking(SklearnArtifact(), model, tmp_path / "first")
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        artifact.save(model, tmp_path / folder)
    np.testing.assert_array_equal(answers(artifact.load(tmp_path / "one"), inputs), answers(model, inputs))
    assert (tmp_path / "one/model.skops").read_bytes() == (tmp_path / "two/model.skops").read_bytes()


@pytest.mark.parametrize(
    "model",
    [
        GridSearchCV(SVC(), {"C": [1, 2]}),
        GridSearchCV(
            LogisticRegression(max_iter=1000), {"C": [1, 2]}, cv=StratifiedKFold(2, shuffle=True, random_state=0), scoring="f1_macro"
        ),
        GridSearchCV(Ridge(), {"alpha": [1, 2]}, cv=KFold(2), scoring="neg_mean_squared_error"),
        RandomizedSearchCV(
            Ridge(), {"alpha": [1, 2]}, n_iter=1, cv=RepeatedKFold(n_splits=2, n_repeats=1), scoring=["r2", "neg_max_error"], refit="r2"
        ),
        make_pipeline(ColumnTransformer([("numbers", StandardScaler(), make_column_selector(dtype_include=np.number))]), SVC()),
        make_pipeline(SelectKBest(k=2), GaussianNB()),
        VotingRegressor([("ridge", Ridge())]),
    ],
)
def test_scorers_of_searches_and_column_selectors_need_no_trust(model, tmp_path):
    table = pd.DataFrame(FLOWERS, columns=["a", "b", "c", "d"])
    SklearnArtifact().save(model.fit(table, SPECIES), tmp_path)
    loaded = SklearnArtifact().load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(table), model.predict(table))
    assert loaded.score(table, SPECIES) == model.score(table, SPECIES)


@pytest.mark.parametrize("name", ["columns of a table", "histogram gradient boosting", "neighbours"])
def test_a_pickled_estimator_comes_back(name, tmp_path):
    model, inputs, targets = MODELS[name]
    SklearnPickleArtifact().save(model.fit(inputs, targets), tmp_path)
    np.testing.assert_array_equal(SklearnPickleArtifact().load(tmp_path).predict(inputs), model.predict(inputs))


def test_a_type_checker_lets_a_model_have_the_methods_of_its_own_class():
    assert SklearnArtifact.__orig_bases__ == (Artifact[Any],)

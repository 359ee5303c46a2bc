"""The artifact passes the kit, with boosters and estimators of every kind."""

import json

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from bento import ArtifactError
from bento.testing import ArtifactTests
from bento_xgboost import XgboostArtifact, matrix
from bento_xgboost.checks import TestXgboostArtifact

__all__ = ["TestXgboostArtifact"]

FLOWERS, SPECIES = load_iris(return_X_y=True, as_frame=True)
PATIENTS, PROGRESSION = load_diabetes(return_X_y=True)
CELLS, BENIGN = load_breast_cancer(return_X_y=True)
TOWNS = pd.DataFrame({"town": pd.Categorical(["Ulm", "Jena", "Bern", None] * 10), "rooms": [1.0, 2.0, None, 4.0, 5.0] * 8})
RENTS = np.arange(40) % 4 + np.arange(40) % 5


class TestClassifier(ArtifactTests):
    artifact = XgboostArtifact()

    def model(self):
        return xgboost.XGBClassifier(n_estimators=3, max_depth=2).fit(FLOWERS, SPECIES)

    def inputs(self):
        return FLOWERS[::10]

    def predict(self, model, inputs):
        return model.predict_proba(inputs)


class TestBoosterWithCategories(ArtifactTests):
    artifact = XgboostArtifact()

    def model(self):
        rows = xgboost.DMatrix(TOWNS, RENTS, enable_categorical=True)
        return xgboost.train({"max_depth": 3, "max_cat_to_onehot": 1, "min_child_weight": 0}, rows, 3)

    def inputs(self):
        return TOWNS

    def predict(self, model, inputs):
        return model.predict(matrix(model, inputs))


def early():
    model = xgboost.XGBClassifier(n_estimators=30, early_stopping_rounds=2, learning_rate=1.0, random_state=np.random.RandomState(0))
    return model.fit(CELLS[:300], BENIGN[:300], eval_set=[(CELLS[300:], BENIGN[300:])], verbose=False)


def squared(targets, predicted):
    return predicted - targets, np.ones_like(predicted)


MODELS = {
    "early stopping": (early, CELLS),
    "two classes": (lambda: xgboost.XGBClassifier(n_estimators=2).fit(CELLS, BENIGN), CELLS),
    "regression": (lambda: xgboost.XGBRegressor(n_estimators=2, objective="reg:absoluteerror").fit(PATIENTS, PROGRESSION), PATIENTS),
    "own objective": (lambda: xgboost.XGBRegressor(n_estimators=2, objective=squared).fit(PATIENTS, PROGRESSION), PATIENTS),
    "quantiles": (
        lambda: xgboost.XGBRegressor(n_estimators=2, objective="reg:quantileerror", quantile_alpha=[0.1, 0.9]).fit(PATIENTS, PROGRESSION),
        PATIENTS,
    ),
    "ranking": (lambda: xgboost.XGBRanker(n_estimators=2).fit(FLOWERS, SPECIES, qid=np.arange(150) // 10), FLOWERS),
    "a random forest": (lambda: xgboost.XGBRFClassifier(n_estimators=4, max_depth=3).fit(FLOWERS, SPECIES), FLOWERS),
    "a random forest of numbers": (lambda: xgboost.XGBRFRegressor(n_estimators=4).fit(PATIENTS, PROGRESSION), PATIENTS),
    "dart": (lambda: xgboost.XGBRegressor(n_estimators=4, booster="dart", rate_drop=0.5).fit(PATIENTS, PROGRESSION), PATIENTS),
    "linear": (lambda: xgboost.XGBClassifier(n_estimators=2, booster="gblinear", updater="coord_descent").fit(FLOWERS, SPECIES), FLOWERS),
    "pruned": (lambda: xgboost.XGBRegressor(n_estimators=2, tree_method="exact", gamma=20000.0).fit(PATIENTS, PROGRESSION), PATIENTS),
    "several outputs": (lambda: xgboost.XGBRegressor(n_estimators=2).fit(PATIENTS, PATIENTS[:, :3]), PATIENTS),
    "trees of several outputs": (
        lambda: xgboost.XGBRegressor(n_estimators=2, multi_strategy="multi_output_tree").fit(PATIENTS, PATIENTS[:, :3]),
        PATIENTS,
    ),
    "constraints by name": (
        lambda: xgboost.XGBRegressor(
            n_estimators=2, monotone_constraints={"petal width (cm)": 1}, interaction_constraints=[FLOWERS.columns[:2].tolist()]
        ).fit(FLOWERS, SPECIES),
        FLOWERS,
    ),
    "categories": (lambda: xgboost.XGBRegressor(n_estimators=2, enable_categorical=True).fit(TOWNS, RENTS), TOWNS),
    "a stand-in for what is missing": (
        lambda: xgboost.XGBRegressor(n_estimators=2, missing=0.0).fit(PATIENTS.round(1), PROGRESSION),
        PATIENTS.round(1),
    ),
}


def told(model):
    """The attributes of an estimator that a user may read."""
    names = ("classes_", "n_classes_", "n_features_in_", "feature_names_in_", "best_iteration", "best_score", "feature_importances_")
    attributes = {name: np.asarray(getattr(model, name)).tolist() for name in names if hasattr(model, name)}
    parameters = {key: value for key, value in model.get_params().items() if key != "random_state" and not callable(value)}
    objective = json.loads(model.get_booster().save_config())["learner"]["objective"]
    return {**attributes, "parameters": repr(parameters), "objective": objective}


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_estimator_has_its_own_class_and_answers_as_before(name, tmp_path):
    make, rows = MODELS[name]
    model = make()
    XgboostArtifact().save(model, tmp_path)
    loaded = XgboostArtifact().load(tmp_path)
    assert type(loaded) is type(model)
    if name != "own objective":
        assert told(loaded) == told(model)
    assert np.array_equal(loaded.predict(rows), model.predict(rows))
    if hasattr(model, "predict_proba"):
        assert np.array_equal(loaded.predict_proba(rows), model.predict_proba(rows))


def test_functions_and_the_number_of_threads_are_not_saved(tmp_path):
    model = xgboost.XGBRegressor(n_estimators=2, objective=squared, n_jobs=1, max_depth=np.int64(3)).fit(PATIENTS, PROGRESSION)
    XgboostArtifact().save(model, tmp_path)
    loaded = XgboostArtifact().load(tmp_path)
    assert (loaded.objective, loaded.n_jobs, loaded.max_depth) == ("reg:squarederror", None, 3)


def test_a_booster_keeps_its_attributes_and_can_be_trained_on(tmp_path):
    rows = xgboost.DMatrix(PATIENTS, PROGRESSION, feature_names=[f"column {place}" for place in range(10)])
    model = xgboost.train({"max_depth": 2}, rows, 3)
    model.set_attr(author="Ada")
    XgboostArtifact().save(model, tmp_path)
    loaded = XgboostArtifact().load(tmp_path)
    assert (loaded.feature_names, loaded.attributes(), loaded.num_boosted_rounds()) == (rows.feature_names, {"author": "Ada"}, 3)
    assert xgboost.train({"max_depth": 2}, rows, 2, xgb_model=loaded).num_boosted_rounds() == 5


def test_a_model_that_could_not_be_loaded_is_refused_when_it_is_saved(tmp_path):
    model = xgboost.train({"max_depth": 2}, xgboost.DMatrix(PATIENTS, PROGRESSION), 1)
    written = model.save_raw(raw_format="json").replace(b'"name":"gbtree"', b'"name":"gbforest"')
    model.save_raw = lambda **_: written
    with pytest.raises(ArtifactError, match=r"model.json' is damaged: ValueError: it has a booster 'gbforest'$"):
        XgboostArtifact().save(model, tmp_path)


def test_the_file_in_the_slot_can_be_read_by_xgboost_alone(tmp_path):
    XgboostArtifact().save(MODELS["two classes"][0](), tmp_path)
    own = xgboost.XGBClassifier()
    own.load_model(tmp_path / "model.json")
    assert np.array_equal(own.predict(CELLS), XgboostArtifact().load(tmp_path).predict(CELLS))
    assert json.loads((tmp_path / "kind.json").read_text())["class"] == "XGBClassifier"

"""The artifact passes the kit, with boosters and estimators of every kind."""

import json

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from bento import ArtifactError
from bento.testing import ArtifactTests
from bento_lightgbm import LightgbmArtifact
from bento_lightgbm.checks import TestLightgbmArtifact

__all__ = ["TestLightgbmArtifact"]

FLOWERS, SPECIES = load_iris(return_X_y=True, as_frame=True)
PATIENTS, PROGRESSION = load_diabetes(return_X_y=True)
CELLS, BENIGN = load_breast_cancer(return_X_y=True)
TOWNS = pd.DataFrame({"town": pd.Categorical(["Ulm", "Jena", "Bern", None] * 25), "rooms": [1.0, 2.0, None, 4.0, 5.0] * 20})
RENTS = np.arange(100.0) % 4 + np.arange(100) % 5
SMALL = {"n_estimators": 3, "num_leaves": 4, "verbosity": -1}


class TestClassifier(ArtifactTests):
    artifact = LightgbmArtifact()

    def model(self):
        return lightgbm.LGBMClassifier(**SMALL).fit(FLOWERS, SPECIES)

    def inputs(self):
        return FLOWERS[::10]

    def predict(self, model, inputs):
        return model.predict_proba(inputs)


class TestBoosterWithCategories(ArtifactTests):
    artifact = LightgbmArtifact()

    def model(self):
        options = {"num_leaves": 5, "min_data_per_group": 1, "cat_smooth": 0, "max_cat_to_onehot": 1, "verbosity": -1}
        return lightgbm.train(options, lightgbm.Dataset(TOWNS, RENTS), 3)

    def inputs(self):
        return TOWNS


def early():
    model = lightgbm.LGBMClassifier(n_estimators=50, learning_rate=0.9, verbosity=-1, random_state=np.random.RandomState(0))
    stop = lightgbm.early_stopping(2, verbose=False)
    return model.fit(CELLS[:300], BENIGN[:300], eval_X=CELLS[300:], eval_y=BENIGN[300:], callbacks=[stop])


def squared(targets, predicted):
    return predicted - targets, np.ones_like(predicted)


def regressor(**options):
    return lightgbm.LGBMRegressor(**{**SMALL, **options}).fit(PATIENTS, PROGRESSION)


MODELS = {
    "early stopping": (early, CELLS),
    "names of classes": (lambda: lightgbm.LGBMClassifier(**SMALL).fit(FLOWERS, SPECIES.map(dict(enumerate("abc")))), FLOWERS),
    "classes that are floats": (lambda: lightgbm.LGBMClassifier(**SMALL).fit(CELLS, BENIGN * 2.0), CELLS),
    "one against all": (lambda: lightgbm.LGBMClassifier(**SMALL, objective="multiclassova").fit(FLOWERS, SPECIES), FLOWERS),
    "regression": (lambda: regressor(objective="regression_l1", reg_sqrt=True), PATIENTS),
    "quantile": (lambda: regressor(objective="quantile", alpha=0.9), PATIENTS),
    "own objective": (lambda: regressor(objective=squared), PATIENTS),
    "ranking": (lambda: lightgbm.LGBMRanker(**SMALL).fit(FLOWERS, SPECIES, group=[10] * 15), FLOWERS),
    "a random forest": (lambda: regressor(boosting_type="rf", subsample=0.5, subsample_freq=1), PATIENTS),
    "dart": (lambda: regressor(boosting_type="dart"), PATIENTS),
    "linear leaves": (lambda: regressor(linear_tree=True), PATIENTS),
    "categories": (lambda: lightgbm.LGBMRegressor(**SMALL).fit(TOWNS, RENTS), TOWNS),
    "constraints": (
        lambda: regressor(interaction_constraints=[[0, 1], [2, 3]], monotone_constraints=[1, -1, 0, 0, 0, 0, 0, 0, 0, 0]),
        PATIENTS,
    ),
    "trees of a single leaf": (lambda: regressor(min_child_samples=400), PATIENTS),
}


def told(model):
    """The attributes of an estimator that a user may read."""
    names = (
        *("classes_", "n_classes_", "n_features_in_", "n_features_", "feature_names_in_", "feature_name_"),
        *("best_iteration_", "best_score_", "feature_importances_", "n_estimators_"),
    )
    attributes = {name: getattr(model, name) for name in names if hasattr(model, name)}
    attributes = {name: (value.dtype, value.tolist()) if hasattr(value, "dtype") else value for name, value in attributes.items()}
    parameters = {key: value for key, value in model.get_params().items() if key not in ("n_jobs", "random_state") and not callable(value)}
    return {**attributes, "parameters": parameters, "objective": None if callable(model.objective_) else model.objective_}


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_estimator_has_its_own_class_and_answers_as_before(name, tmp_path):
    make, rows = MODELS[name]
    model = make()
    LightgbmArtifact().save(model, tmp_path)
    loaded = LightgbmArtifact().load(tmp_path)
    assert type(loaded) is type(model)
    if name != "own objective":
        assert told(loaded) == told(model)
    assert np.array_equal(loaded.predict(rows), model.predict(rows))
    if hasattr(model, "predict_proba"):
        assert np.array_equal(loaded.predict_proba(rows), model.predict_proba(rows))


def test_functions_and_the_number_of_threads_are_not_saved(tmp_path):
    LightgbmArtifact().save(regressor(objective=squared, n_jobs=1, max_depth=np.int64(3)), tmp_path)
    loaded = LightgbmArtifact().load(tmp_path)
    assert (loaded.objective, loaded.n_jobs, loaded.max_depth) == (None, 0, 3)


def test_a_model_that_could_not_be_loaded_is_refused_when_it_is_saved(tmp_path):
    model = lightgbm.train({"verbosity": -1}, lightgbm.Dataset(PATIENTS, PROGRESSION), 1)
    written = model.model_to_string().replace("version=v4", "version=v5")
    model.model_to_string = lambda **_: written
    with pytest.raises(ArtifactError, match=r"model.txt' is damaged: ValueError: it does not start as LightGBM's models do$"):
        LightgbmArtifact().save(model, tmp_path)


def test_the_file_in_the_slot_can_be_read_by_lightgbm_alone(tmp_path):
    LightgbmArtifact().save(regressor(), tmp_path)
    own = lightgbm.Booster(model_file=tmp_path / "model.txt")
    assert np.array_equal(own.predict(PATIENTS), LightgbmArtifact().load(tmp_path).predict(PATIENTS))
    assert json.loads((tmp_path / "kind.json").read_text())["class"] == "LGBMRegressor"

"""The artifact passes the kit, and it and `pool` refuse what they cannot keep or read."""

import catboost
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_diabetes, load_iris

import bento
from bento import InvalidInput
from bento.artifacts import VersionWarning
from bento_catboost import CatboostArtifact, pool
from bento_catboost.checks import TestCatboostArtifact
from bento_catboost.service import CatboostService
from refusals import refuses

__all__ = ["TestCatboostArtifact"]

FLOWERS, SPECIES = load_iris(return_X_y=True, as_frame=True)
PATIENTS, PROGRESSION = load_diabetes(return_X_y=True)
TOWNS = pd.DataFrame({"town": ["Ulm", "Jena", "Bern", "Ulm"] * 20, "rooms": [1.0, 2.0, np.nan, 4.0, 5.0] * 16})
RENTS = np.arange(80.0) % 4 + np.arange(80) % 5
SMALL = {"iterations": 4, "depth": 2, "verbose": False, "allow_writing_files": False, "thread_count": 1}


def towns():
    return catboost.CatBoostRegressor(**SMALL, cat_features=["town"]).fit(TOWNS, RENTS)


class Tuned(catboost.CatBoostRegressor):
    """A class of a user's own."""


MODELS = {
    "categories": (towns, TOWNS),
    "classes": (lambda: catboost.CatBoostClassifier(**SMALL).fit(FLOWERS, SPECIES), FLOWERS),
    "quantile": (lambda: catboost.CatBoostRegressor(**SMALL, loss_function="Quantile:alpha=0.9").fit(PATIENTS, PROGRESSION), PATIENTS),
    "ranking": (
        lambda: catboost.CatBoostRanker(**SMALL, bootstrap_type="No").fit(FLOWERS, SPECIES, group_id=np.arange(150) // 10),
        FLOWERS,
    ),
    "any loss": (lambda: catboost.CatBoost({**SMALL, "loss_function": "RMSE"}).fit(PATIENTS, PROGRESSION), PATIENTS),
    "lossguide": (lambda: catboost.CatBoostRegressor(**SMALL, grow_policy="Lossguide").fit(PATIENTS, PROGRESSION), PATIENTS),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_model_has_its_own_class_and_answers_as_before(name, tmp_path):
    make, rows = MODELS[name]
    model = make()
    CatboostArtifact().save(model, tmp_path)
    loaded = CatboostArtifact().load(tmp_path)
    assert type(loaded) is type(model)
    for told in ("n_features_in_", "feature_names_", "tree_count_"):
        assert getattr(loaded, told) == getattr(model, told)
    assert np.array_equal(loaded.classes_, model.classes_)
    assert loaded.get_all_params()["loss_function"] == model.get_all_params()["loss_function"]
    assert np.array_equal(loaded.predict(rows), model.predict(rows))
    assert np.array_equal(loaded.predict(pool(loaded, rows)), model.predict(rows))


def test_only_models_are_accepted():
    accepts, data = CatboostArtifact().accepts, catboost.Pool(PATIENTS)
    assert accepts(towns())
    assert not any(map(accepts, [data, catboost.CatBoost, TOWNS, "catboost"]))
    message = "CatboostService.model is a CatboostArtifact, which does not keep a catboost.core.Pool"
    refuses(lambda: CatboostService(model=data), message)


def test_a_model_of_a_users_own_class_is_refused(tmp_path):
    message = (
        f"a {__name__}.Tuned would come back as another class: expected CatBoost, CatBoostClassifier, CatBoostRanker, CatBoostRegressor "
        "of catboost: pack one of these, made with its load_model() from what your model's save_model() wrote"
    )
    refuses(lambda: CatboostArtifact().save(Tuned(), tmp_path), message)


def test_a_model_that_is_not_fitted_is_refused(tmp_path):
    message = "this catboost.core.CatBoostRegressor is not fitted: call its fit() before it is packed"
    refuses(lambda: CatboostArtifact().save(catboost.CatBoostRegressor(), tmp_path), message)


def test_a_file_other_than_the_saved_one_never_reaches_catboost(tmp_path):
    CatboostArtifact().save(towns(), tmp_path)
    path = tmp_path / "model.cbm"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    refuses(lambda: CatboostArtifact().load(tmp_path), f"{str(path)!r} is damaged: it is not what its kind.json describes")


def test_a_damaged_kind_is_refused_by_name(tmp_path):
    CatboostArtifact().save(towns(), tmp_path)
    path = tmp_path / "kind.json"
    path.write_text('{"class":"Pool","features":1,"sha256":""}')
    refuses(lambda: CatboostArtifact().load(tmp_path), f"{str(path)!r} is damaged: expected a class of CatBoost, its features and a digest")


def test_a_model_of_a_later_catboost_gives_a_warning(tmp_path):
    CatboostArtifact().save(towns(), tmp_path)
    (tmp_path / "version.json").write_text('{"catboost":"99.0"}')
    with pytest.warns(VersionWarning, match=r"^the model was saved with catboost 99\.0 and is loaded with ") as caught:
        CatboostArtifact().load(tmp_path)
    assert caught[0].filename == __file__


def test_columns_are_taken_from_a_table_by_name():
    model = towns()
    assert np.array_equal(model.predict(pool(model, TOWNS[["rooms", "town"]].assign(street="-"))), model.predict(TOWNS))
    assert np.array_equal(model.predict(pool(model, pl.DataFrame(dict(TOWNS[["rooms", "town"]])))), model.predict(TOWNS))
    message = "expected a table with the columns town, rooms, got none named town"
    refuses(lambda: pool(model, TOWNS[["rooms"]]), message, InvalidInput)


def test_columns_whose_names_are_numbers_are_found():
    numbered = TOWNS.set_axis([0, 1], axis=1)
    model = catboost.CatBoostRegressor(**SMALL, cat_features=[0]).fit(numbered, RENTS)
    assert np.array_equal(model.predict(pool(model, numbered[[1, 0]])), model.predict(numbered))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["Ulm"]], "expected rows of 2 values, got ['Ulm'] at index 0"),
        ([1.0], "expected rows of 2 values, got 1.0 at index 0"),
        (["a" * 1000], f"expected rows of 2 values, got {repr('a' * 1000)[:60]} at index 0"),
        (np.ones((3, 4)), "expected an array of shape (n, 2), got (3, 4)"),
        ({"town": "Ulm"}, "expected an array of shape (n, 2), got ()"),
        (None, "expected an array of shape (n, 2), got ()"),
    ],
)
def test_rows_of_another_width_are_the_clients_fault(rows, message):
    refuses(lambda: pool(towns(), rows), message, InvalidInput)


@pytest.mark.parametrize("row", [[1.5, 2.0], ["Ulm", "two"], [None, 2.0], [["Ulm"], 2.0]])
def test_rows_that_catboost_cannot_read_are_the_clients_fault(row):
    with pytest.raises(InvalidInput, match=r"^CatBoost cannot read these rows: "):
        pool(towns(), [row])


def test_the_default_service_answers_as_the_model(monkeypatch):
    model = towns()
    for threads in ("1", "", "0", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        answers = CatboostService(model=model).predict([["Ulm", 1.0], ["Bern", None]])
        assert np.array_equal(answers, model.predict(TOWNS.iloc[[0, 2]]))
    assert CatboostService(model=model).predict([]) == []
    refuses(lambda: CatboostService(model=model).predict("Ulm"), "expected a list of rows, got 'Ulm'", InvalidInput)


@pytest.mark.parametrize(("told", "threads"), [("1", 1), ("2,1", 2), ("", -1), ("many", -1)])
def test_the_default_service_starts_as_many_threads_as_the_server_sets(told, threads, monkeypatch):
    model, asked = towns(), []
    service, predict = CatboostService(model=model), model.predict
    model.predict = lambda rows, thread_count: asked.append(thread_count) or predict(rows, thread_count=thread_count)
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    service.predict([["Ulm", 1.0]])
    assert asked == [threads]


def test_a_file_path_of_a_catboost_model_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "rents.cbm"
    towns().save_model(str(path))
    advice = f"load {str(path)!r} with load_model(), such as that of a catboost.CatBoostClassifier(), and pack the model"
    refuses(lambda: bento.save(path, "rents"), f"no installed plugin provides a service for a pathlib.PosixPath: {advice}")
    assert CatboostArtifact().accepts(catboost.CatBoostRegressor().load_model(str(path)))


def test_an_unfitted_bare_model_is_refused():
    message = "this catboost.core.CatBoostRegressor is not fitted: call its fit() before it is packed"
    refuses(lambda: bento.save(catboost.CatBoostRegressor(), "rents"), message)

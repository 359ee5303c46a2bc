"""What the artifact and `matrix` refuse, and the errors that say what to do instead."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xgboost

import bento
from bento import InvalidInput
from bento.artifacts import VersionWarning
from bento_xgboost import XgboostArtifact, matrix
from bento_xgboost.service import XgboostService
from refusals import refuses

ROWS = pd.DataFrame({"area": np.arange(40.0), "floor": np.arange(40) % 5})
RENTS = np.arange(40.0) + np.arange(40) % 5


class Tuned(xgboost.XGBRegressor):
    """A class of a user's own."""


class OwnBooster(xgboost.Booster):
    pass


def fitted(kind=xgboost.XGBRegressor, **options):
    return kind(n_estimators=3, max_depth=2, **options).fit(ROWS, RENTS)


def trained():
    return fitted().get_booster()


def test_only_models_are_accepted():
    accepts = XgboostArtifact().accepts
    assert accepts(fitted())
    assert accepts(trained())
    assert not any(map(accepts, [xgboost.DMatrix(ROWS), xgboost.XGBRegressor, ROWS, "xgboost"]))
    message = "XgboostService.model is a XgboostArtifact, which does not keep a xgboost.core.DMatrix"
    refuses(lambda: XgboostService(model=xgboost.DMatrix(ROWS)), message)


@pytest.mark.parametrize(
    ("model", "name", "way_out"),
    [(Tuned(), "Tuned", "pack its get_booster()"), (OwnBooster(), "OwnBooster", "pack a Booster itself")],
)
def test_a_model_of_a_users_own_class_is_refused(tmp_path, model, name, way_out):
    message = (
        f"a {__name__}.{name} would come back as another class: expected Booster, XGBClassifier, XGBRFClassifier, XGBRFRegressor, "
        f"XGBRanker, XGBRegressor of xgboost: {way_out}"
    )
    refuses(lambda: XgboostArtifact().save(model, tmp_path), message)


def test_an_unfitted_model_is_refused(tmp_path):
    message = "this xgboost.sklearn.XGBRegressor is not fitted: call its fit() before it is packed"
    refuses(lambda: XgboostArtifact().save(xgboost.XGBRegressor(), tmp_path), message)
    message = "this booster has learnt nothing: train it with xgboost.train() before it is packed"
    refuses(lambda: XgboostArtifact().save(xgboost.Booster(), tmp_path), message)


FORGERIES = {
    "left_children": ("0.left_children.0", 99, "ValueError: a tree of 7 nodes has a node whose children are not two others"),
    "two parents": ("0.right_children.0", 1, "ValueError: a tree of 7 nodes has a node whose children are not two others"),
    "parents": ("0.parents.1", 2, "ValueError: a tree has a node that names another parent"),
    "split_indices": ("0.split_indices.0", 2, "ValueError: a tree asks for a feature that is not one of 2"),
    "no number": ("0.split_indices.0", 0.5, "ValueError: expected a list of whole numbers"),
    "default_left": ("0.default_left", [1], "ValueError: a tree does not have 7 nodes"),
    "base_weights": ("0.base_weights", [], "ValueError: a tree has no weight for each node"),
    "categories": ("0.categories", [1], "ValueError: a tree has categories of no node"),
    "segments": ("0.categories_segments", [0], "ValueError: a tree has categories that overlap"),
    "split_type": ("0.split_type.0", 1, "ValueError: a tree has a split by categories without any"),
    "vectors": ("0.tree_param.size_leaf_vector", "2", "ValueError: a tree has leaves of 2 numbers for 1 outputs"),
    "id": ("0.id", 1, "ValueError: its trees are in another order"),
}


def forge(folder, where, value):
    """Change a saved model's tree, as a forger would."""
    path = folder / "model.json"
    document = json.loads(path.read_text())
    *parents, last = [int(key) if key.isdigit() else key for key in where.split(".")]
    place = document["learner"]["gradient_booster"]["model"]["trees"]
    for key in parents:
        place = place[key]
    place[last] = value
    path.write_text(json.dumps(document))
    return str(path)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_tree_is_refused_before_xgboost_reads_it(tmp_path, name):
    where, value, fault = FORGERIES[name]
    XgboostArtifact().save(trained(), tmp_path)
    path = forge(tmp_path, where, value)
    refuses(lambda: XgboostArtifact().load(tmp_path), f"{path!r} is damaged: {fault}")


def test_a_damaged_kind_is_refused_by_name(tmp_path):
    XgboostArtifact().save(trained(), tmp_path)
    path = tmp_path / "kind.json"
    path.write_text('{"class":"XGBModel","parameters":{}}')
    refuses(lambda: XgboostArtifact().load(tmp_path), f"{str(path)!r} is damaged: expected a class of XGBoost and its parameters")


def test_a_model_of_a_later_xgboost_gives_a_warning(tmp_path):
    XgboostArtifact().save(trained(), tmp_path)
    (tmp_path / "version.json").write_text('{"xgboost":"99.0"}')
    with pytest.warns(VersionWarning, match=r"^the model was saved with xgboost 99\.0 and is loaded with ") as caught:
        XgboostArtifact().load(tmp_path)
    assert caught[0].filename == __file__


TURNED = ROWS[["floor", "area"]]


@pytest.mark.parametrize("table", [ROWS, TURNED, ROWS.assign(town="Ulm"), pa.Table.from_pandas(TURNED), pl.DataFrame(dict(TURNED))])
def test_columns_are_taken_from_a_table_by_name(table):
    booster = trained()
    assert np.array_equal(booster.predict(matrix(booster, table)), booster.predict(xgboost.DMatrix(ROWS)))


def test_columns_whose_names_are_numbers_are_found():
    numbered = ROWS.set_axis([0, 1], axis=1)
    booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(numbered, RENTS), 2)
    assert np.array_equal(booster.predict(matrix(booster, numbered[[1, 0]])), booster.predict(xgboost.DMatrix(numbered)))


def test_an_array_gets_the_column_names_of_the_model():
    booster = trained()
    assert np.array_equal(booster.predict(matrix(booster, ROWS.to_numpy())), booster.predict(xgboost.DMatrix(ROWS)))


def test_the_missing_value_of_an_estimator_is_used():
    model = fitted(missing=3.0)
    assert np.array_equal(model.get_booster().predict(matrix(model, ROWS)), model.predict(ROWS))


def test_rows_that_do_not_fit_are_the_clients_fault():
    booster = trained()
    message = "expected a table with the columns area, floor, got none named floor"
    refuses(lambda: matrix(booster, ROWS[["area"]]), message, InvalidInput)
    refuses(lambda: matrix(booster, np.ones((3, 4))), "expected an array of shape (n, 2), got (3, 4)", InvalidInput)
    refuses(lambda: matrix(booster, np.ones(2)), "expected an array of shape (n, 2), got (2,)", InvalidInput)


def test_a_column_that_a_table_has_twice_is_the_clients_fault():
    twice = pd.concat([ROWS, ROWS[["floor"]]], axis=1)
    refuses(lambda: matrix(trained(), twice), f"expected an array of shape (n, 2), got ({len(ROWS)}, 3)", InvalidInput)


INFINITE = "XGBoost cannot read these rows: Input data contains `inf` or a value too large, while `missing` is not set to `inf`"


def test_rows_that_xgboost_cannot_read_are_the_clients_fault():
    booster = trained()
    refuses(lambda: matrix(booster, np.array([[np.inf, 1.0]])), INFINITE, InvalidInput)
    refuses(lambda: matrix(booster, ROWS.assign(floor=np.inf)), INFINITE, InvalidInput)
    with pytest.raises(InvalidInput, match=r"^XGBoost cannot read these rows: DataFrame.dtypes for data must be .* columns:floor: "):
        matrix(booster, ROWS.assign(floor="first"))


LINEAR = xgboost.XGBRegressor(n_estimators=2, booster="gblinear", updater="coord_descent").fit(ROWS, RENTS)


@pytest.mark.parametrize("model", [LINEAR, trained()], ids=["linear", "booster"])
def test_the_default_service_refuses_infinite_values(model):
    refuses(lambda: XgboostService(model=model).predict(np.array([[np.inf, 1.0]])), INFINITE, InvalidInput)


@pytest.mark.parametrize("model", [fitted(), trained()], ids=["estimator", "booster"])
def test_the_default_service_answers_as_the_model_and_refuses_other_rows(model):
    service = XgboostService(model=model)
    assert np.array_equal(service.predict(ROWS.to_numpy()), fitted().predict(ROWS))
    refuses(lambda: service.predict(np.ones((3, 4))), "expected an array of shape (n, 2), got (3, 4)", InvalidInput)


def test_a_parameter_that_xgboost_does_not_take_is_refused_when_the_model_is_loaded(tmp_path):
    XgboostArtifact().save(fitted(), tmp_path)
    path = tmp_path / "kind.json"
    kind = json.loads(path.read_text())
    kind["parameters"]["colsample_bytree"] = 2.0
    path.write_text(json.dumps(kind))
    reason = "value 2 for Parameter colsample_bytree exceed bound [0,1]"
    refuses(lambda: XgboostArtifact().load(tmp_path), f"{str(path)!r} or 'model.json' has a parameter that XGBoost does not take: {reason}")


@pytest.mark.parametrize("name", ["rents.json", "rents.ubj"])
def test_a_file_path_of_an_xgboost_model_is_refused_with_the_way_out(tmp_path, name):
    path = str(tmp_path / name)
    fitted().save_model(path)
    advice = f"load {path!r} with load_model(), such as that of an xgboost.XGBClassifier(), and pack the model"
    refuses(lambda: bento.save(path, "rents"), f"no installed plugin provides a service for a str: {advice}")
    model = xgboost.XGBRegressor()
    model.load_model(path)
    XgboostArtifact().save(model, tmp_path)


def test_an_unfitted_bare_model_is_refused():
    message = "this xgboost.sklearn.XGBRegressor is not fitted: call its fit() before it is packed"
    refuses(lambda: bento.save(xgboost.XGBRegressor(), "rents"), message)

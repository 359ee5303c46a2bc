"""What the artifact refuses, and the errors that say what to do instead."""

import re

import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import bento
from bento import InvalidInput
from bento.artifacts import VersionWarning
from bento_lightgbm import LightgbmArtifact, features
from bento_lightgbm.service import LightgbmService
from refusals import refuses

ROWS = pd.DataFrame({"area": np.arange(100.0), "floor": np.arange(100) % 5})
RENTS = np.arange(100.0) + np.arange(100) % 5


class Tuned(lightgbm.LGBMRegressor):
    """A class of a user's own."""


class OwnBooster(lightgbm.Booster):
    pass


def fitted(kind=lightgbm.LGBMRegressor, **options):
    return kind(n_estimators=2, num_leaves=4, verbosity=-1, **options).fit(ROWS, RENTS)


def squared(targets, predicted):
    return predicted - targets, np.ones_like(predicted)


def test_only_models_are_accepted():
    accepts, data = LightgbmArtifact().accepts, lightgbm.Dataset(ROWS)
    assert accepts(fitted())
    assert accepts(fitted().booster_)
    assert not any(map(accepts, [data, lightgbm.LGBMRegressor, ROWS, "lightgbm"]))
    message = "LightgbmService.model is a LightgbmArtifact, which does not keep a lightgbm.basic.Dataset"
    refuses(lambda: LightgbmService(model=data), message)


@pytest.mark.parametrize(
    ("model", "name", "way_out"),
    [
        (Tuned(), "Tuned", "pack its booster_"),
        (OwnBooster(model_str=fitted().booster_.model_to_string()), "OwnBooster", "pack a Booster itself"),
    ],
)
def test_a_model_of_a_users_own_class_is_refused(tmp_path, model, name, way_out):
    message = (
        f"a {__name__}.{name} would come back as another class: expected Booster, LGBMClassifier, LGBMRanker, LGBMRegressor "
        f"of lightgbm: {way_out}"
    )
    refuses(lambda: LightgbmArtifact().save(model, tmp_path), message)


def test_an_unfitted_model_is_refused(tmp_path):
    message = "this lightgbm.sklearn.LGBMRegressor is not fitted: call its fit() before it is packed"
    refuses(lambda: LightgbmArtifact().save(lightgbm.LGBMRegressor(), tmp_path), message)
    message = "this booster has learnt nothing: train it with lightgbm.train() before it is packed"
    empty = lightgbm.Booster({"verbosity": -1}, lightgbm.Dataset(ROWS, RENTS))
    refuses(lambda: LightgbmArtifact().save(empty, tmp_path), message)


def test_a_classifier_with_an_objective_of_its_own_is_refused(tmp_path):
    model = lightgbm.LGBMClassifier(n_estimators=2, num_leaves=4, verbosity=-1, objective=squared).fit(ROWS, RENTS > 50)
    message = "a classifier with an objective of its own answers with bare scores: pack its booster_, which does so too"
    refuses(lambda: LightgbmArtifact().save(model, tmp_path), message)


FORGERIES = {
    "left_child": (r"left_child=\S+", "left_child=9", "ValueError: a tree of 4 leaves has a node whose children are not two others"),
    "split_feature": (r"split_feature=\S+", "split_feature=7", "ValueError: a tree asks for a feature that is not one of 2"),
    "decision_type": (r"decision_type=\S+", "decision_type=99", "ValueError: a tree has a split of an unknown kind"),
    "categories": (r"decision_type=\S+", "decision_type=1", "ValueError: a tree has a split by categories without any"),
    "leaf_value": (r"leaf_value=\S+", "leaf_value=", "ValueError: a tree does not have 4 leaves"),
    "a line": (r"leaf_count=", "leaf_sum=", "ValueError: a tree has a line 'leaf_sum'"),
    "order": (r"Tree=0", "Tree=1", "ValueError: its trees are in another order"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_tree_is_refused_before_lightgbm_reads_it(tmp_path, name):
    pattern, value, fault = FORGERIES[name]
    forge(fitted(), tmp_path, pattern, value, fault)


@pytest.mark.parametrize("value", ["1e-320", "1e400", "1e-400"])
@pytest.mark.parametrize(("pattern", "name"), [(r"leaf_const=\S+", "leaf_const"), ("leaf_coeff=", "leaf_coeff")])
def test_a_linear_leaf_with_a_number_that_ends_the_process_is_refused(tmp_path, pattern, name, value):
    fault = "ValueError: a tree has a linear leaf with a number that is out of range"
    forge(fitted(linear_tree=True), tmp_path, pattern, f"{name}={value}", fault)


def forge(model, tmp_path, pattern, value, fault):
    """Change the text of the first tree, and expect that it is refused."""
    LightgbmArtifact().save(model, tmp_path)
    path = tmp_path / "model.txt"
    before = path.read_text()
    after = re.sub(pattern, value, before, count=1)
    sizes = re.search(r"tree_sizes=(\d+)", before)
    size = f"tree_sizes={int(sizes[1]) + len(after) - len(before)}"
    path.write_text(after.replace(sizes[0], size, 1))
    refuses(lambda: LightgbmArtifact().load(tmp_path), f"{str(path)!r} is damaged: {fault}")


def test_a_text_that_is_cut_off_is_refused(tmp_path):
    LightgbmArtifact().save(fitted(), tmp_path)
    path = tmp_path / "model.txt"
    path.write_text(path.read_text()[:900])
    refuses(lambda: LightgbmArtifact().load(tmp_path), f"{str(path)!r} is damaged: ValueError: its trees have other sizes")


def test_a_damaged_kind_is_refused_by_name(tmp_path):
    LightgbmArtifact().save(fitted(), tmp_path)
    path = tmp_path / "kind.json"
    path.write_text('{"class":"LGBMModel","parameters":{},"learnt":{}}')
    refuses(lambda: LightgbmArtifact().load(tmp_path), f"{str(path)!r} is damaged: expected a class of LightGBM and its parameters")


def test_a_model_of_a_later_lightgbm_gives_a_warning(tmp_path):
    LightgbmArtifact().save(fitted(), tmp_path)
    (tmp_path / "version.json").write_text('{"lightgbm":"99.0"}')
    with pytest.warns(VersionWarning, match=r"^the model was saved with lightgbm 99\.0 and is loaded with ") as caught:
        LightgbmArtifact().load(tmp_path)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("model", [fitted(), fitted().booster_], ids=["estimator", "booster"])
@pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning")
def test_the_default_service_answers_as_the_model_and_refuses_other_rows(model):
    service = LightgbmService(model=model)
    assert np.array_equal(service.predict(ROWS.to_numpy()), fitted().predict(ROWS))
    assert service.predict(np.ones((0, 2))).shape == (0,)
    refuses(lambda: service.predict(np.ones((3, 4))), "expected an array of shape (n, 2), got (3, 4)", InvalidInput)


@pytest.mark.parametrize("model", [fitted(), fitted().booster_], ids=["estimator", "booster"])
@pytest.mark.parametrize("table", [ROWS, ROWS[["floor", "area"]], ROWS.assign(town="Ulm")], ids=["same", "turned", "wider"])
def test_columns_are_taken_from_a_table_by_name(model, table):
    assert np.array_equal(model.predict(features(model, table)), fitted().predict(ROWS))


@pytest.mark.parametrize("kind", [pa.Table.from_pandas, lambda table: pl.DataFrame(dict(table))], ids=["pyarrow", "polars"])
def test_a_table_of_another_kind_gives_its_columns_as_well(kind):
    assert features(fitted(), kind(ROWS[["floor", "area"]])).equals(kind(ROWS).select(["area", "floor"]))


def test_columns_whose_names_have_spaces_are_found():
    spaced = ROWS.rename(columns={"area": "living area"})
    model = lightgbm.LGBMRegressor(n_estimators=2, verbosity=-1).fit(spaced, RENTS)
    expected = model.predict(spaced)
    assert np.array_equal(model.predict(features(model, spaced[["floor", "living area"]])), expected)
    assert np.array_equal(model.predict(features(model, spaced.rename(columns={"living area": "living_area"}))), expected)


def test_columns_whose_names_are_numbers_are_found():
    numbered = ROWS.set_axis([0, 1], axis=1)
    model = lightgbm.LGBMRegressor(n_estimators=2, num_leaves=4, verbosity=-1).fit(numbered, RENTS)
    assert np.array_equal(model.predict(features(model, numbered[[1, 0]])), fitted().predict(ROWS))


def test_a_model_without_names_is_given_a_table_as_it_is():
    model = lightgbm.LGBMRegressor(n_estimators=2, verbosity=-1).fit(ROWS.to_numpy(), RENTS)
    assert features(model, ROWS) is ROWS
    refuses(lambda: features(model, ROWS[["area"]]), "expected an array of shape (n, 2), got (100, 1)", InvalidInput)


def test_rows_that_do_not_fit_are_the_clients_fault():
    model = fitted()
    message = "expected a table with the columns area, floor, got none named floor"
    refuses(lambda: features(model, ROWS[["area"]]), message, InvalidInput)
    refuses(lambda: features(model, np.ones((3, 4))), "expected an array of shape (n, 2), got (3, 4)", InvalidInput)
    refuses(lambda: features(model, np.ones(2)), "expected an array of shape (n, 2), got (2,)", InvalidInput)
    assert np.array_equal(model.booster_.predict(features(model, ROWS.to_numpy())), model.predict(ROWS))


def test_words_and_categories_that_the_model_does_not_know_are_the_clients_fault():
    rooms = pd.DataFrame({"town": pd.Categorical(["Bern", "Ulm"] * 50), "area": np.arange(100.0)})
    model = lightgbm.LGBMRegressor(n_estimators=2, verbosity=-1).fit(rooms, RENTS)
    missing = rooms.astype({"area": "Float64"}).replace({"area": {0.0: pd.NA}})
    assert model.predict(features(model, missing)).shape == (100,)
    message = "expected numbers, or categories that the model was trained with, in the columns town"
    refuses(lambda: features(model, rooms.astype({"town": str})), message, InvalidInput)
    message = "expected categories in 1 of the table's columns, got them in 0"
    refuses(lambda: features(model, rooms.assign(town=1.0)), message, InvalidInput)
    message = "expected categories in 0 of the table's columns, got them in 1"
    refuses(lambda: features(fitted(), ROWS.assign(floor=ROWS["floor"].astype("category"))), message, InvalidInput)


def test_a_column_that_a_table_has_twice_is_the_clients_fault():
    twice = pd.concat([ROWS, ROWS[["floor"]]], axis=1)
    refuses(lambda: features(fitted(), twice), "expected an array of shape (n, 2), got (100, 3)", InvalidInput)


def test_a_file_path_of_a_lightgbm_model_is_refused_with_the_way_out(tmp_path):
    path = str(tmp_path / "rents.txt")
    fitted().booster_.save_model(path)
    advice = f"pack what lightgbm.Booster(model_file={path!r}) gives"
    refuses(lambda: bento.save(path, "rents"), f"no installed plugin provides a service for a str: {advice}")
    LightgbmArtifact().save(lightgbm.Booster(model_file=path), tmp_path)


def test_an_unfitted_bare_model_is_refused():
    message = "this lightgbm.sklearn.LGBMRegressor is not fitted: call its fit() before it is packed"
    refuses(lambda: bento.save(lightgbm.LGBMRegressor(), "rents"), message)

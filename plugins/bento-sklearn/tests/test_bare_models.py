"""A fitted estimator needs no service class."""

from __future__ import annotations

import asyncio
from importlib import import_module

import httpx
import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.cluster import DBSCAN
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import bento
from bento import Payload
from bento_sklearn.service import SklearnService


@pytest.fixture(scope="module")
def ridge():
    return RidgeClassifier().fit(*load_iris(return_X_y=True))


@pytest.fixture
def store(tmp_path):
    return bento.Store(tmp_path)


def test_a_bare_model_is_saved_under_a_name_and_answers_when_it_is_loaded(ridge, store):
    rows = load_iris().data[::10]
    bundle = bento.save(ridge, "iris", store=store)
    service = bento.load(bundle, store=store)
    assert (bundle.name, service.name) == ("iris", "iris")
    assert np.array_equal(service.predict(rows), ridge.predict(rows))


@pytest.mark.parametrize(
    ("rows", "message"),
    [([[5.1, 3.5]], "X has 2 features, but RidgeClassifier is expecting 4"), ([[5.1, 3.5, np.inf, 0.2]], "Input X contains infinity")],
)
def test_rows_that_a_bare_model_cannot_take_are_the_clients_fault(ridge, store, rows, message):
    service = bento.load(bento.save(ridge, "iris", store=store), store=store)
    assert service.apis["predict"].input.options() == {"shape": [None, 4]}
    with pytest.raises(bento.InvalidInput) as refusal:
        service.predict(rows)
    assert str(refusal.value).startswith(f"the model does not take such rows: {message}")


@pytest.mark.parametrize("model", [HistGradientBoostingClassifier(max_iter=5), make_pipeline(SimpleImputer(), RidgeClassifier())])
def test_a_null_is_a_missing_value_for_a_bare_model_that_takes_missing_values(model, store):
    """The schema of the api, its adapter and the model allow it."""
    fitted = model.fit(*load_iris(return_X_y=True))
    reader = bento.load(bento.save(fitted, "iris", store=store), store=store).apis["predict"].input
    assert reader.schema()["items"]["items"]["type"] == ["number", "null"]
    rows = reader.decode(Payload(b"[[5.1, null, 1.4, 0.2]]", "application/json"))
    assert np.array_equal(fitted.predict(rows), fitted.predict([[5.1, np.nan, 1.4, 0.2]]))


def test_a_null_is_refused_for_a_bare_model_that_takes_no_missing_values(ridge, store):
    reader = bento.load(bento.save(ridge, "iris", store=store), store=store).apis["predict"].input
    with pytest.raises(bento.InvalidInput, match=r"^expected a number at \[0\]\[1\], got null$"):
        reader.decode(Payload(b"[[5.1, null, 1.4, 0.2]]", "application/json"))


def test_metadata_packed_with_a_bare_model_are_kept(ridge, store):
    bundle = bento.save(bento.Packed(ridge, metadata={"auc": 0.9}), "iris", store=store)
    assert bento.load(bundle, store=store).metadata("model") == {"auc": 0.9}


def test_a_bare_model_needs_a_name(ridge, store):
    with pytest.raises(bento.DefinitionError) as refusal:
        bento.save(ridge, store=store)
    assert str(refusal.value) == (
        "a sklearn.linear_model._ridge.RidgeClassifier without a service class needs a name: bento.save(model, 'NAME')"
    )


@pytest.mark.parametrize(("model", "name"), [(PCA(2), "sklearn.decomposition._pca.PCA"), (DBSCAN(), "sklearn.cluster._dbscan.DBSCAN")])
def test_a_model_that_does_not_predict_needs_a_service_of_its_own(model, name, store):
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save(model.fit(load_iris().data), "iris", store=store)
    assert str(refusal.value) == f"there is no service for a {name}, which has no predict: write a bento.Service with a slot for it"


def test_a_model_that_no_plugin_serves_is_refused(store):
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save({1, 2}, "numbers", store=store)
    assert str(refusal.value) == (
        "no installed plugin provides a service for a set: install the plugin of its framework, or write a bento.Service with a slot for it"
    )


@pytest.mark.parametrize(("name", "write", "loader"), [("ridge.skops", skops.io.dump, "skops.io"), ("ridge.pkl", joblib.dump, "joblib")])
def test_a_file_path_of_an_estimator_is_refused_with_the_way_out(ridge, store, tmp_path, name, write, loader):
    path = str(tmp_path / name)
    write(ridge, path)
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save(path, "ridge", store=store)
    fault = "no installed plugin provides a service for a str"
    assert str(refusal.value) == f"{fault}: load {path!r} with {loader}.load if you trust it, and pack the model"
    assert bento.save(import_module(loader).load(path), "ridge", store=store)


def test_a_bare_model_that_is_not_fitted_is_refused(store):
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save(RidgeClassifier(), "iris", store=store)
    assert str(refusal.value) == ("this sklearn.linear_model._ridge.RidgeClassifier is not fitted: call its fit() before it is packed")


def test_a_class_in_place_of_a_model_is_refused(store):
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save(RidgeClassifier, "iris", store=store)
    assert str(refusal.value) == "got the class RidgeClassifier itself: pass a fitted instance of it"


def test_a_request_without_rows_is_answered_alone_as_beside_others(ridge):
    async def ask():
        app = bento.app(SklearnService(model=ridge))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
            return await client.post("/predict", json=[])

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()) == (200, [])


def test_a_service_has_a_name_of_its_own(ridge, store):
    class Trees(bento.Service):
        pass

    with pytest.raises(bento.DefinitionError) as refusal:
        bento.save(Trees(), "other", store=store)
    assert str(refusal.value) == "Trees has a name of its own, 'trees': set Trees.name instead"


def test_a_model_that_claims_more_features_than_a_body_can_bring_has_no_service(store):
    model = RidgeClassifier().fit(*load_iris(return_X_y=True))
    model.n_features_in_ = 2_000_000_000
    with pytest.raises(
        bento.ArtifactError, match=r"there is no service for rows of 2000000000 features, of which at most 16777216 are read$"
    ):
        bento.save(model, "wide", store=store)


TOWNS = pd.DataFrame({"town": ["Ulm", "Bern"] * 5, "rooms": [1.0, 2.0] * 5})


@pytest.mark.parametrize(
    ("model", "rows", "fault"),
    [
        (make_pipeline(TfidfVectorizer(), RidgeClassifier()), TOWNS["town"], "'numpy.ndarray' object has no attribute 'lower'"),
        (make_pipeline(OneHotEncoder(), RidgeClassifier()), TOWNS[["town"]], "ufunc 'isnan' not supported for the input types"),
        (
            make_pipeline(make_column_transformer((StandardScaler(), ["rooms"])), RidgeClassifier()),
            TOWNS,
            "Specifying the columns using strings is only supported for dataframes: ",
        ),
    ],
    ids=["texts", "categories", "named columns"],
)
def test_a_bare_model_that_takes_no_rows_of_numbers_needs_a_service_of_its_own(model, rows, fault, store):
    with pytest.raises(bento.ArtifactError) as refusal:
        bento.save(model.fit(rows, [0, 1] * 5), "towns", store=store)
    start = f"there is no service for a sklearn.pipeline.Pipeline, which takes no rows of numbers: {fault}"
    assert str(refusal.value).startswith(start)
    assert str(refusal.value).endswith(": write a bento.Service with a slot for it")


def test_a_bare_model_of_categories_that_are_numbers_is_kept(store):
    model = make_pipeline(OrdinalEncoder(), RidgeClassifier()).fit([[2.0], [3.0]] * 5, [0, 1] * 5)
    service = bento.load(bento.save(model, "numbers", store=store), store=store)
    assert service.predict([[2.0], [3.0]]).tolist() == [0, 1]

"""Trees need no trust, because a forged one is refused when it is loaded."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.tree import DecisionTreeClassifier

from bento import ArtifactError
from bento_sklearn import SklearnArtifact

FLOWERS, SPECIES = load_iris(return_X_y=True)


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(random_state=0),
        RandomForestClassifier(n_estimators=3, random_state=0),
        GradientBoostingClassifier(n_estimators=2, random_state=0),
        HistGradientBoostingClassifier(max_iter=2, random_state=0),
        GaussianProcessClassifier(),
    ],
    ids=lambda model: type(model).__name__,
)
def test_trees_and_kernels_need_no_trust(model, tmp_path):
    model.fit(FLOWERS, SPECIES)
    SklearnArtifact().save(model, tmp_path)
    assert np.array_equal(SklearnArtifact().load(tmp_path).predict(FLOWERS), model.predict(FLOWERS))


def forged(field: str, node: int, value: int) -> DecisionTreeClassifier:
    """A classifier whose tree was changed in one place."""
    model = DecisionTreeClassifier(random_state=0).fit(FLOWERS, SPECIES)
    state = model.tree_.__getstate__()
    nodes = state["nodes"].copy()
    nodes[field][node] = value
    model.tree_.__setstate__({**state, "nodes": nodes})
    return model


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("left_child", 10**9, "a tree of 17 nodes has a node whose children are not among those after it"),
        ("right_child", 0, "a tree of 17 nodes has a node whose children are not among those after it"),
        ("feature", 4, "a tree asks for feature 4 of 4"),
        ("feature", -9, "a tree asks for feature -9 of 4"),
    ],
)
def test_a_forged_tree_is_refused(field, value, message, tmp_path):
    SklearnArtifact().save(forged(field, 0, value), tmp_path)
    with pytest.raises(ArtifactError) as refusal:
        SklearnArtifact().load(tmp_path)
    assert str(refusal.value) == message


def test_a_tree_with_another_number_of_features_than_its_model_is_refused(tmp_path):
    model = DecisionTreeClassifier(random_state=0).fit(FLOWERS, SPECIES)
    model.n_features_in_ = 2
    SklearnArtifact().save(model, tmp_path)
    with pytest.raises(ArtifactError, match=r"^a tree of 4 features belongs to a model of 2$"):
        SklearnArtifact().load(tmp_path)


@pytest.mark.parametrize(("field", "value"), [("left", 4_000_000_000), ("feature_idx", 99)])
def test_a_forged_tree_of_gradient_boosting_is_refused(field, value, tmp_path):
    model = HistGradientBoostingClassifier(max_iter=1, random_state=0).fit(FLOWERS, SPECIES)
    model._predictors[0][0].nodes[field][0] = value
    SklearnArtifact().save(model, tmp_path)
    with pytest.raises(ArtifactError, match=r"^a tree (of \d+ nodes has a node|asks for feature 99 of 4)"):
        SklearnArtifact().load(tmp_path)

"""Checks of decision trees, which skops does not trust by itself: a forged tree has indices outside of its arrays and crashes the process.

Trees are checked when they are loaded, so users need not trust them: the children of every node exist and come after it, and every split
uses a feature of the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bento import ArtifactError, instance_of

if TYPE_CHECKING:
    import numpy as np

    Integers = np.ndarray[Any, np.dtype[np.integer[Any]]]

TYPES = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)


def is_tree(found: object) -> bool:
    """Whether an object is a tree of either of scikit-learn's kinds."""
    return instance_of(found, "sklearn.tree._tree", "Tree") or type(found).__name__ == "TreePredictor"


def check_tree(tree: object, features: int) -> None:
    """Raise an ArtifactError if an index in a tree is out of range: of its own arrays, or of the `features` of its model."""
    if instance_of(tree, "sklearn.tree._tree", "Tree"):
        _check_tree(tree, features)
    else:
        _check_predictor(tree, features)


def _check_tree(tree: Any, features: int) -> None:
    if tree.n_features != features:
        raise ArtifactError(f"a tree of {tree.n_features} features belongs to a model of {features}")
    inner = tree.children_left != -1
    _check_children(inner, tree.children_left, tree.children_right)
    _check_range("feature", tree.feature[inner], features)


def _check_predictor(tree: Any, features: int) -> None:
    nodes = tree.nodes
    inner = nodes["is_leaf"] == 0
    _check_children(inner, nodes["left"], nodes["right"])
    _check_range("feature", nodes["feature_idx"][inner], features)
    categorical = inner & (nodes["is_categorical"] != 0)
    _check_range("bitset", nodes["bitset_idx"][categorical], len(tree.raw_left_cat_bitsets))


def _check_children(inner: np.ndarray[Any, Any], left: Integers, right: Integers) -> None:
    """Check that children come after their parents, as in all trees of scikit-learn, so that every walk through the tree ends."""
    import numpy as np

    places = np.arange(len(inner))
    for children in (left, right):
        ahead = children[inner].astype(np.int64)
        if (ahead <= places[inner]).any() or (ahead >= len(inner)).any():
            raise ArtifactError(f"a tree of {len(inner)} nodes has a node whose children are not among those after it")


def _check_range(what: str, found: Integers, end: int) -> None:
    if found.size and (found.min() < 0 or found.max() >= end):
        raise ArtifactError(f"a tree asks for {what} {int(found.max() if found.max() >= end else found.min())} of {end}")

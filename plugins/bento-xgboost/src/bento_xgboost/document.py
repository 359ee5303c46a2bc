"""A model's file, checked before XGBoost reads it: XGBoost trusts every index in it, and crashes on a wrong one.

Source: XGBoost 3.2, "Introduction to Model IO" and its `doc/model.schema`. Version 2.1 writes the same with fewer fields.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .trees import check_tree, integers


def check(content: bytes) -> None:
    """Raise an exception, usually a ValueError, if the document is malformed or an index in it is out of range."""
    document = json.loads(content, object_pairs_hook=_distinct)
    learner = document["learner"]
    shape = {key: int(learner["learner_model_param"][key]) for key in ("num_class", "num_feature", "num_target")}
    features, groups = shape["num_feature"], max(1, shape["num_class"], shape["num_target"])
    _expect(min(shape.values()) >= 0, f"it has {features} features and {groups} outputs")
    _check_score(learner["learner_model_param"]["base_score"], groups)
    for key in ("feature_names", "feature_types"):
        texts = learner.get(key, [])
        _expect(len(texts) in (0, features) and all(type(text) is str for text in texts), f"its {key} are not {features} texts")
    _expect(all(type(value) is str for value in learner["attributes"].values()), "an attribute is not text")
    classes = learner["objective"].get("softmax_multiclass_param", {"num_class": shape["num_class"]})["num_class"]
    _expect(int(classes) == shape["num_class"], "its objective has another number of classes")
    _check_booster(learner["gradient_booster"], features, groups)


def _check_booster(booster: Any, features: int, groups: int) -> None:
    match booster["name"]:
        case "gbtree":
            _check_trees(booster["model"], features, groups)
        case "dart":
            trees = _check_trees(booster["gbtree"]["model"], features, groups)
            _expect(len(_numbers(booster["weight_drop"])) == trees, "it has no weight for each tree")
        case "gblinear":
            weights = len(_numbers(booster["model"]["weights"]))
            _expect(weights == (features + 1) * groups, f"it has {weights} weights for {features} features and {groups} outputs")
        case name:
            raise ValueError(f"it has a booster {name!r}")


def _check_trees(model: Any, features: int, groups: int) -> int:
    trees = model["trees"]
    count, parallel = (int(model["gbtree_model_param"][key]) for key in ("num_trees", "num_parallel_tree"))
    _expect(len(trees) == count > 0 and parallel > 0, f"it has {len(trees)} trees, not {count}")
    _expect(groups <= count or int(trees[0]["tree_param"]["size_leaf_vector"]) == groups, f"it has {count} trees for {groups} outputs")
    owners = integers(model["tree_info"], groups)
    _expect(len(owners) == count, "it has no output for each tree")
    rounds = integers(model["iteration_indptr"], count + 1)
    _expect(
        len(rounds) > 0 and rounds[0] == 0 and rounds[-1] == count and bool((np.diff(rounds) >= 0).all()), "its rounds hold other trees"
    )
    _expect([tree["id"] for tree in trees] == list(range(count)), "its trees are in another order")
    for tree in trees:
        check_tree(tree, features, groups)
    _check_categories(model.get("cats", {"enc": [], "feature_segments": [], "sorted_idx": []}), features)
    return count


def _check_categories(cats: Any, features: int) -> None:
    """Check the categories of the training table: the values of each feature, and the positions that sort them."""
    encoded, places = cats["enc"], integers(cats["sorted_idx"], None)
    _expect(len(encoded) in (0, features), f"it has categories for {len(encoded)} of {features} features")
    sizes = [_count(values) for values in encoded]
    ends = integers(cats["feature_segments"], len(places) + 1)
    _expect(ends.tolist() == (np.cumsum([0, *sizes]).tolist() if encoded else []), "its categories overlap")
    _expect(len(places) == sum(sizes), "its categories have no order")
    for size, end in zip(sizes, ends[1:], strict=True):
        _expect(bool((np.sort(places[end - size : end]) == np.arange(size)).all()), "the order of its categories leads outside of them")


def _count(values: Any) -> int:
    """The number of a feature's categories, which are numbers, or texts in one array of UTF-8 bytes with offsets."""
    if "offsets" not in values:
        return len(_numbers(values["values"]))
    letters = integers(values["values"], None)
    offsets = integers(values["offsets"], len(letters) + 1)
    if not len(offsets):
        return 0
    _expect(offsets[0] == 0 and offsets[-1] == len(letters) and bool((np.diff(offsets) >= 0).all()), "its categories are cut wrongly")
    return len(offsets) - 1


def _check_score(text: str, groups: int) -> None:
    score = np.atleast_1d(_numbers(json.loads(text)))
    _expect(score.ndim == 1 and len(score) in (1, groups), f"it has {len(score)} base scores for {groups} outputs")


def _numbers(values: Any) -> np.ndarray[Any, Any]:
    found = np.asarray(values)
    _expect(found.dtype.kind in "if" or not found.size, "a value is not a number")
    return found


def _expect(holds: bool, fault: str) -> None:
    if not holds:
        raise ValueError(fault)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    _expect(len(found) == len(pairs), "an object has the same key twice")
    return found

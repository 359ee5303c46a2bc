"""Checks of trees: every child is a node of the same tree and has one parent, and every split uses an existing feature."""

from __future__ import annotations

from typing import Any

import numpy as np

Integers = np.ndarray[Any, np.dtype[np.int64]]

_NOBODY = (-1, 2**31 - 1)
"""The values that stand for the missing parent of a root."""
_MOST_CATEGORIES = 2**24
_WHOLE = ("left_children", "right_children", "parents", "split_indices", "split_type", "default_left")
_FLOATS = ("split_conditions", "loss_changes", "sum_hessian")


def check_tree(tree: Any, features: int, groups: int) -> None:
    """Raise a ValueError if an index in a tree is out of range: of its own arrays, or of the `features` of its model."""
    count, size = (int(tree["tree_param"][key]) for key in ("num_nodes", "size_leaf_vector"))
    nodes = {name: integers(tree[name], None) for name in _WHOLE}
    floats = {name: np.asarray(tree[name], dtype=np.float64) for name in _FLOATS}
    if size not in (0, 1, groups):
        raise ValueError(f"a tree has leaves of {size} numbers for {groups} outputs")
    if count < 1 or any(len(values) != count for values in (*nodes.values(), *floats.values())):
        raise ValueError(f"a tree does not have {count} nodes")
    if np.asarray(tree["base_weights"], dtype=np.float64).shape != (count * max(1, size),):
        raise ValueError("a tree has no weight for each node")
    inner = nodes["left_children"] != -1
    _check_children(nodes, inner, count)
    asked = nodes["split_indices"][inner]
    if asked.size and not (asked.min() >= 0 and asked.max() < features):
        raise ValueError(f"a tree asks for a feature that is not one of {features}")
    _check_leaves(tree, nodes["right_children"][~inner], size)
    _check_categories(tree, nodes["split_type"], inner, count)


def _check_children(nodes: dict[str, Integers], inner: np.ndarray[Any, Any], count: int) -> None:
    """Check that each node except the root has exactly one parent, so that every walk down or up the tree ends."""
    children = np.concatenate([nodes["left_children"][inner], nodes["right_children"][inner]])
    if children.size and not (children.min() >= 1 and children.max() < count and len(np.unique(children)) == len(children)):
        raise ValueError(f"a tree of {count} nodes has a node whose children are not two others")
    parents = nodes["parents"]
    integers(parents[1:], count)
    if parents[0] not in _NOBODY or not np.array_equal(parents[children], np.tile(np.flatnonzero(inner), 2)):
        raise ValueError("a tree has a node that names another parent")


def _check_leaves(tree: Any, places: Integers, size: int) -> None:
    """Check leaves with several numbers, which are kept in a separate array."""
    if size <= 1:
        return
    weights = np.asarray(tree["leaf_weights"], dtype=np.float64)
    if weights.ndim != 1 or len(weights) % size:
        raise ValueError(f"a tree has a leaf of fewer than {size} numbers")
    if places.size and not (places.min() >= 0 and places.max() < len(weights) // size):
        raise ValueError("a tree has a leaf without numbers")


def _check_categories(tree: Any, types: Integers, inner: np.ndarray[Any, Any], count: int) -> None:
    """Check the splits by category: each has at least one category, and their categories do not overlap in the array."""
    categories = integers(tree["categories"], _MOST_CATEGORIES)
    owners = integers(tree["categories_nodes"], count)
    starts, sizes = (integers(tree[name], len(categories) + 1) for name in ("categories_segments", "categories_sizes"))
    if not len(owners) == len(starts) == len(sizes) or not np.array_equal(starts, np.cumsum([0, *sizes])[:-1]):
        raise ValueError("a tree has categories that overlap")
    if sizes.sum() != len(categories) or (np.diff(owners) <= 0).any():
        raise ValueError("a tree has categories of no node")
    if not np.isin(types, (0, 1)).all() or not np.isin(np.flatnonzero(inner & (types == 1)), owners).all():
        raise ValueError("a tree has a split by categories without any")


def integers(values: Any, end: int | None) -> Integers:
    """A list of whole numbers as an array, each from 0 up to but not including `end`, if given. Anything else is a ValueError."""
    found = np.asarray(values)
    if found.ndim != 1 or (found.size and found.dtype != np.int64):
        raise ValueError("expected a list of whole numbers")
    if end is not None and found.size and not (found.min() >= 0 and found.max() < end):
        raise ValueError(f"a number is not one from 0 to {end - 1}")
    return found.astype(np.int64)

"""Checks of trees: every child is a node of the same tree and has one parent, and every split uses an existing feature."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

Integers = np.ndarray[Any, np.dtype[np.int64]]

_CATEGORICAL = 1
_TINY = float(np.finfo(np.float64).tiny)
_DIGITS = frozenset("123456789")
_PER_NODE = ("split_feature", "decision_type", "left_child", "right_child")
_NUMBERS = ("split_gain", "threshold", "internal_value", "internal_weight")
_KNOWN = frozenset(
    {
        *("num_leaves", "num_cat", *_PER_NODE, *_NUMBERS, "leaf_value", "leaf_weight", "leaf_count", "internal_count"),
        *("cat_boundaries", "cat_threshold", "is_linear", "leaf_const", "num_features", "leaf_features", "leaf_coeff", "shrinkage"),
    }
)


def check_tree(fields: Mapping[str, str], features: int) -> None:
    """Raise a ValueError if an index in the lines of a tree is out of range: of its own arrays, or of the `features` of its model."""
    _expect(fields.keys() <= _KNOWN, f"a tree has a line {next(iter(fields.keys() - _KNOWN), '')!r}")
    leaves = int(fields["num_leaves"])
    values = floats(fields["leaf_value"])
    _expect(leaves >= 1 and len(values) == leaves, f"a tree does not have {leaves} leaves")
    floats(fields["shrinkage"])
    if leaves > 1:
        nodes = {name: integers(fields[name]) for name in _PER_NODE}
        counts = {len(found) for found in (*nodes.values(), *(floats(fields[name]) for name in _NUMBERS if name in fields))}
        _expect(counts == {leaves - 1}, f"a tree does not have {leaves - 1} nodes")
        _check_children(nodes, leaves)
        _expect(_within(nodes["split_feature"], features), f"a tree asks for a feature that is not one of {features}")
        _check_categories(fields, nodes["decision_type"])
    for name, size in (("leaf_weight", leaves), ("leaf_count", leaves), ("internal_count", leaves - 1)):
        _expect(len(floats(fields.get(name, ""))) in (0, size), f"a tree does not have {size} numbers in {name}")
    if int(fields.get("is_linear", 0)):
        _check_linear(fields, leaves, features)


def _check_children(nodes: Mapping[str, Integers], leaves: int) -> None:
    """Check that each leaf, and each node except the root, has exactly one parent. A leaf is written as the complement of its number."""
    children = np.concatenate([nodes["left_child"], nodes["right_child"]])
    expected = np.concatenate([np.arange(1, leaves - 1), ~np.arange(leaves)])
    _expect(np.array_equal(np.sort(children), np.sort(expected)), f"a tree of {leaves} leaves has a node whose children are not two others")


def _check_categories(fields: Mapping[str, str], types: Integers) -> None:
    """Check the splits by category. Each names a set of categories, which are the bits between two boundaries."""
    count = int(fields["num_cat"])
    _expect(_within(types, 16), "a tree has a split of an unknown kind")
    categorical = (types & _CATEGORICAL) != 0
    _expect(count >= 0 and (count > 0 or not categorical.any()), "a tree has a split by categories without any")
    if count:
        boundaries, bits = integers(fields["cat_boundaries"]), integers(fields["cat_threshold"])
        _expect(_within(bits, 2**32), "a tree has categories that are not bits")
        fits = len(boundaries) == count + 1 and boundaries[0] == 0 and boundaries[-1] == len(bits) and (np.diff(boundaries) > 0).all()
        _expect(bool(fits), "a tree has categories that overlap")
        sets = floats(fields["threshold"])[categorical]
        _expect(bool(np.isin(sets, np.arange(count)).all()), "a tree has a split by categories that are not its own")


def _check_linear(fields: Mapping[str, str], leaves: int, features: int) -> None:
    """Check linear leaves: each has a constant, and as many coefficients as features."""
    sizes = integers(fields["num_features"])
    _expect(len(floats(fields["leaf_const"])) == len(sizes) == leaves and bool((sizes >= 0).all()), "a tree has leaves without a constant")
    _expect(
        _in_range(fields["leaf_const"]) and _in_range(fields["leaf_coeff"]), "a tree has a linear leaf with a number that is out of range"
    )
    asked, weights = integers(fields["leaf_features"]), floats(fields["leaf_coeff"])
    _expect(len(asked) == len(weights) == sizes.sum(), "a tree has leaves without coefficients")
    _expect(_within(asked, features), f"a tree asks for a feature that is not one of {features}")


def _within(values: Integers, end: int) -> bool:
    return not values.size or bool(values.min() >= 0 and values.max() < end)


def _in_range(text: str) -> bool:
    """Whether `std::stod` can read each number. A number out of the range of a double would end the process there."""
    return all(_TINY <= abs(float(word)) < math.inf for word in text.split() if not _DIGITS.isdisjoint(word.lower().partition("e")[0]))


def integers(text: str) -> Integers:
    """The whole numbers in a line. Anything else is a ValueError."""
    return np.array([int(word) for word in text.split()], dtype=np.int64)


def floats(text: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The numbers in a line. Anything else is a ValueError."""
    return np.array([float(word) for word in text.split()], dtype=np.float64)


def _expect(holds: bool, fault: str) -> None:
    if not holds:
        raise ValueError(fault)

"""Checks of all parts of a model that scikit-learn's compiled code would trust."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bento import instance_of

from .trees import check_tree, is_tree
from .vectors import check_machine, is_fitted_machine


def check_parts(model: object) -> None:
    """Raise an ArtifactError if the model contains a tree or support vectors with indices out of range."""
    seen: set[int] = set()
    # Each part is checked against the number of features of the estimator that contains it.
    pending: list[tuple[object, int]] = [(model, 0)]
    while pending:
        found, features = pending.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if is_tree(found):
            check_tree(found, features)
            continue
        if is_fitted_machine(found):
            check_machine(found)
        features = vars(found).get("n_features_in_", features) if hasattr(found, "__dict__") else features
        pending += [(part, features) for part in _parts(found)]


def _parts(found: object) -> Iterable[object]:
    """The objects inside an object of a model: the members of collections and of object arrays, and the attributes."""
    if isinstance(found, dict):
        return found.values()
    if isinstance(found, list | tuple | set | frozenset):
        return found
    if instance_of(found, "numpy", "ndarray"):
        array: Any = found
        return array.ravel().tolist() if array.dtype == object else ()
    return vars(found).values() if hasattr(found, "__dict__") and not isinstance(found, type) else ()

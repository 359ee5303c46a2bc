"""Checks of support vectors, because libsvm does not check their number: a forged model makes it read outside of its arrays and crash.

Source: scikit-learn 1.9, `sklearn/svm/src/libsvm/libsvm_helper.c`, `set_model`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bento import ArtifactError, instance_of, type_name

if TYPE_CHECKING:
    import numpy as np

    Integers = np.ndarray[Any, np.dtype[np.integer[Any]]]

_OF_CLASSES = ("c_svc", "nu_svc")
_PRECOMPUTED = "precomputed"


def is_fitted_machine(found: object) -> bool:
    """Whether an object is a fitted model of libsvm."""
    return instance_of(found, "sklearn.svm._base", "BaseLibSVM") and "support_" in vars(found)


def check_machine(machine: Any) -> None:
    """Raise an ArtifactError if an array of the model does not have the length that libsvm will assume."""
    try:
        faults = _faults(machine)
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ArtifactError(f"a {type_name(machine)} is damaged: {error}") from error
    if faults:
        raise ArtifactError(
            f"a {type_name(machine)} is damaged: {', '.join(faults)} do not fit its {len(machine.support_)} support vectors"
        )


def _faults(machine: Any) -> list[str]:
    counts: Integers = machine._n_support  # noqa: SLF001 - what libsvm is given
    vectors, classes = len(machine.support_), len(counts)
    pairs = classes * (classes - 1) // 2
    by_class = machine._impl in _OF_CLASSES  # noqa: SLF001
    fits = {
        "_n_support": classes > 1 and (not by_class or (counts.min() >= 0 and sum(counts.tolist()) == vectors)),
        "_dual_coef_": machine._dual_coef_.shape == (classes - 1, vectors),
        "_intercept_": len(machine._intercept_) == pairs,
        "_probA": len(machine._probA) in (0, pairs),  # noqa: SLF001
        "_probB": len(machine._probB) == len(machine._probA),  # noqa: SLF001
    }
    if machine.kernel == _PRECOMPUTED or callable(machine.kernel):
        rows = machine.support_
        fits["support_"] = not vectors or (rows.min() >= 0 and rows.max() < machine.shape_fit_[0])
    else:
        fits["support_vectors_"] = machine.support_vectors_.shape == (vectors, machine.n_features_in_)
    return [name for name, fit in fits.items() if not fit]

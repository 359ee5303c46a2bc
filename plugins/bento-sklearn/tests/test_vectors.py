"""Support vectors: libsvm trusts the fields of a model, so a forged model is refused when it is loaded."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC, SVR, NuSVC, OneClassSVM

from bento import ArtifactError
from bento_sklearn import SklearnArtifact

FLOWERS, SPECIES = load_iris(return_X_y=True)
LIKENESS = FLOWERS @ FLOWERS.T


@pytest.mark.parametrize(
    ("model", "rows"),
    [
        (SVC(), FLOWERS),
        (NuSVC(nu=0.2), FLOWERS),
        (SVR(), FLOWERS),
        (OneClassSVM(), FLOWERS),
        (SVC(kernel="precomputed"), LIKENESS),
        (SVR(kernel="precomputed"), LIKENESS),
    ],
    ids=repr,
)
def test_a_loaded_support_vector_machine_answers_as_before(model, rows, tmp_path):
    model.fit(rows, SPECIES)
    SklearnArtifact().save(model, tmp_path)
    assert np.array_equal(SklearnArtifact().load(tmp_path).predict(rows), model.predict(rows))


@pytest.mark.parametrize(
    ("kernel", "name", "forge"),
    [
        ("linear", "_n_support", lambda counts: counts[:0]),
        ("linear", "_n_support", lambda counts: counts + 10**6),
        ("linear", "_dual_coef_", lambda weights: weights[:, :1]),
        ("linear", "_intercept_", lambda numbers: numbers[:1]),
        ("linear", "_probA", lambda numbers: np.zeros(1)),
        ("linear", "support_vectors_", lambda vectors: vectors[:1]),
        ("precomputed", "support_", lambda rows: rows + 10**9),
    ],
)
def test_a_forged_support_vector_machine_is_refused(kernel, name, forge, tmp_path):
    model = SVC(kernel=kernel).fit(LIKENESS if kernel == "precomputed" else FLOWERS, SPECIES)
    vars(model)[name] = np.ascontiguousarray(forge(vars(model)[name]))
    SklearnArtifact().save(model, tmp_path)
    with pytest.raises(ArtifactError, match=rf"^a sklearn\.svm\._classes\.SVC is damaged: {name}.* do not fit its \d+ support vectors$"):
        SklearnArtifact().load(tmp_path)


def test_a_support_vector_machine_without_a_field_that_libsvm_reads_is_refused(tmp_path):
    model = SVC().fit(FLOWERS, SPECIES)
    del model._n_support
    SklearnArtifact().save(model, tmp_path)
    with pytest.raises(ArtifactError, match=r"^a sklearn\.svm\._classes\.SVC is damaged: .* no attribute '_n_support'$"):
        SklearnArtifact().load(tmp_path)

"""What `bento plugins sklearn --check` checks: the kit's tests for both formats, each with a small model."""

from __future__ import annotations

from typing import Any

from bento.testing import ArtifactTests

from .artifact import SklearnArtifact
from .pickled import SklearnPickleArtifact


class SklearnChecks(ArtifactTests):
    """A classifier of irises, in either format."""

    max_examples = 25

    def model(self) -> Any:
        from sklearn.naive_bayes import GaussianNB

        return GaussianNB().fit(*_irises())

    def inputs(self) -> Any:
        return _irises()[0][::10]

    def predict(self, model: Any, inputs: Any) -> Any:
        return model.predict_proba(inputs)


class TestSklearnArtifact(SklearnChecks):
    """The format that is data."""

    artifact = SklearnArtifact()


class TestSklearnPickleArtifact(SklearnChecks):
    """The format that runs code."""

    artifact = SklearnPickleArtifact()


def _irises() -> Any:
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True)

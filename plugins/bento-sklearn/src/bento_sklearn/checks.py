"""The tests of `bento plugins sklearn --check`: the kit's tests for both formats, each with a small model."""

from __future__ import annotations

from typing import Any

from bento.testing import ArtifactTests

from .artifact import SklearnArtifact
from .pickled import SklearnPickleArtifact


class TestSklearnArtifact(ArtifactTests):
    """The format that is data, with a forest, whose trees are checked."""

    artifact = SklearnArtifact()
    max_examples = 25

    def model(self) -> Any:
        from sklearn.datasets import load_iris
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(n_estimators=3, random_state=0).fit(*load_iris(return_X_y=True))

    def inputs(self) -> Any:
        from sklearn.datasets import load_iris

        return load_iris(return_X_y=True)[0][::10]

    def predict(self, model: Any, inputs: Any) -> Any:
        return model.predict_proba(inputs)


class TestSklearnPickleArtifact(ArtifactTests):
    """The format that runs code, with a pipeline."""

    artifact = SklearnPickleArtifact()

    def model(self) -> Any:
        from sklearn.datasets import load_diabetes
        from sklearn.linear_model import Ridge
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures

        return make_pipeline(PolynomialFeatures(), Ridge(solver="cholesky")).fit(*load_diabetes(return_X_y=True))

    def inputs(self) -> Any:
        from sklearn.datasets import load_diabetes

        return load_diabetes(return_X_y=True)[0][::40]

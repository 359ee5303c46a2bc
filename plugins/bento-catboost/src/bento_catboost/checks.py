"""The tests of `bento plugins catboost --check`: the kit's tests for the format, with a small classifier."""

from __future__ import annotations

from typing import Any

from bento.testing import ArtifactTests

from .artifact import CatboostArtifact


class TestCatboostArtifact(ArtifactTests):
    """A classifier of rows with a number and a name; its classes are texts."""

    artifact = CatboostArtifact()

    def model(self) -> Any:
        import catboost

        model = catboost.CatBoostClassifier(iterations=4, depth=2, verbose=False, allow_writing_files=False, thread_count=1)
        return model.fit(self.inputs(), ["cheap", "dear"] * 6, cat_features=[1])

    def inputs(self) -> Any:
        return [[float(size), town] for size in (1, 4, 2, 5) for town in ("Ulm", "Jena", "Bern")]

    def predict(self, model: Any, inputs: Any) -> Any:
        return model.predict_proba(inputs)

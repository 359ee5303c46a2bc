"""The tests of `bento plugins xgboost --check`: the kit's tests for the format, with a small booster."""

from __future__ import annotations

from typing import Any

from bento.testing import ArtifactTests

from .artifact import XgboostArtifact
from .matrix import matrix


class TestXgboostArtifact(ArtifactTests):
    """A booster, which needs no other package than XGBoost."""

    artifact = XgboostArtifact()
    max_examples = 25

    def model(self) -> Any:
        import xgboost

        rows = self.inputs()
        return xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(rows, rows.sum(axis=1)), 3)

    def inputs(self) -> Any:
        import numpy as np

        return np.arange(40.0).reshape(10, 4) % 7

    def predict(self, model: Any, inputs: Any) -> Any:
        return model.predict(matrix(model, inputs))

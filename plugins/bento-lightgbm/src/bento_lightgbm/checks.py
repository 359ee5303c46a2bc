"""The tests of `bento plugins lightgbm --check`: the kit's tests for the format, with a small booster."""

from __future__ import annotations

from typing import Any

from bento.testing import ArtifactTests

from .artifact import LightgbmArtifact


class TestLightgbmArtifact(ArtifactTests):
    """A booster, which needs no other package than LightGBM."""

    artifact = LightgbmArtifact()
    max_examples = 25

    def model(self) -> Any:
        import lightgbm

        rows = self.inputs()
        options = {"num_leaves": 4, "min_data_in_leaf": 1, "min_data_in_bin": 1, "num_threads": 1, "verbosity": -1}
        return lightgbm.train(options, lightgbm.Dataset(rows, rows.sum(axis=1)), 3)

    def inputs(self) -> Any:
        import numpy as np

        return np.arange(40.0).reshape(10, 4) % 7

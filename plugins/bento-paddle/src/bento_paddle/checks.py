"""The tests of `bento plugins paddle --check`: the kit's tests for the format, with a small layer."""

from __future__ import annotations

from typing import Any

from bento.testing import ArtifactTests

from .artifact import PaddleArtifact


class TestPaddleArtifact(ArtifactTests):
    """A layer that is built by the name of its class."""

    artifact = PaddleArtifact("paddle.nn:Linear", in_features=4, out_features=2)
    max_examples = 20

    def model(self) -> Any:
        import paddle

        paddle.seed(1)
        return paddle.nn.Linear(4, 2)

    def inputs(self) -> Any:
        import numpy as np

        return np.arange(12, dtype="float32").reshape(3, 4)

    def predict(self, model: Any, inputs: Any) -> Any:
        import paddle

        return model(paddle.to_tensor(inputs)).numpy()

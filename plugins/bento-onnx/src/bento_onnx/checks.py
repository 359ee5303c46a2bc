"""The tests of `bento plugins onnx --check`: the kit's tests for the format, with a model of one operator."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from bento.testing import ArtifactTests

from .artifact import OnnxArtifact
from .session import open_session
from .settings import CPU, Settings

# `sums = MatMul(rows, weights)` with weights of shape (3, 2). It is included as text, because ONNX Runtime cannot write models.
_MODEL = (
    "CAgSADqCAQodCgRyb3dzCgd3ZWlnaHRzEgRzdW1zIgZNYXRNdWwSBHN1bXMqKQgDCAIQAUIHd2VpZ2h0c0oYAAAAAAAAgD8AAABAAABAQAAAgEAAAKBAWhcKBHJvd3MSDwoN"
    "CAESCQoDEgFuCgIIA2IXCgRzdW1zEg8KDQgBEgkKAxIBbgoCCAJCBAoAEA0="
)


class TestOnnxArtifact(ArtifactTests):
    """The bytes of a file, which become a session when they are loaded."""

    artifact = OnnxArtifact(intra_op_threads=1, optimization="none", config={"session.disable_prepacking": "1"})
    max_examples = 25

    def model(self) -> Any:
        return b64decode(_MODEL)

    def inputs(self) -> Any:
        import numpy as np

        return np.arange(6, dtype="float32").reshape(2, 3)

    def predict(self, model: Any, inputs: Any) -> Any:
        session = open_session(model, Settings(((CPU, {}),))) if isinstance(model, bytes) else model
        return session.run(None, {"rows": inputs})[0]

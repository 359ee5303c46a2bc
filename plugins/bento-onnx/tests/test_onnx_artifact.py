"""The artifact passes the kit, with models of every kind that can be packed."""

import graphs
import numpy as np
import onnxruntime
import pytest

from bento.testing import ArtifactTests
from bento_onnx import OnnxArtifact
from bento_onnx.checks import TestOnnxArtifact
from bento_onnx.session import is_session, source_of

__all__ = ["TestOnnxArtifact"]


class ProductTests:
    """Asks a model that may not be open yet."""

    def inputs(self):
        return np.arange(8, dtype="float32").reshape(2, 4)

    def predict(self, model, inputs):
        if not is_session(model):
            source = source_of(model)
            model = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
        return model.run(None, {"rows": inputs})[0]


class TestModelProto(ProductTests, ArtifactTests):
    artifact = OnnxArtifact()

    def model(self):
        return graphs.product()


class TestSession(ProductTests, ArtifactTests):
    artifact = OnnxArtifact(providers=["CUDAExecutionProvider", ["CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"}]])

    def model(self):
        return onnxruntime.InferenceSession(graphs.product().SerializeToString(), providers=["CPUExecutionProvider"])


class TestFileWithWeightsBesideIt(ProductTests, ArtifactTests):
    artifact = OnnxArtifact()

    @pytest.fixture(autouse=True)
    def place(self, tmp_path):
        self.folder = tmp_path

    def model(self):
        return graphs.write(graphs.product(), self.folder / "net.onnx")

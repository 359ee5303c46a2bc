"""A service with an ONNX model."""

import bento
from bento.adapters import ArrayAdapter
from bento_onnx import OnnxArtifact


class Product(bento.Service):
    """Multiply rows of four by a matrix."""

    model = OnnxArtifact()

    @bento.api(input=ArrayAdapter(shape=(None, 4), dtype="float32"), batch=True)
    def predict(self, rows):
        return self.model.run(None, {"rows": rows})[0]

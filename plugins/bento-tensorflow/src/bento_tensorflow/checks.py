"""The tests of `bento plugins tensorflow --check`: the kits' tests for programs and tensors."""

from __future__ import annotations

from typing import Any

from bento.testing import AdapterTests, ArtifactTests, leave_out

from .adapter import TfTensorAdapter
from .artifact import SavedModelArtifact


class TestSavedModelArtifact(ArtifactTests):
    """A module with one weight and one function, which is also saved as a signature."""

    artifact = SavedModelArtifact(signatures={"serving_default": "predict"})
    max_examples = 10

    def model(self) -> Any:
        import tensorflow as tf

        model, slope = tf.Module(), tf.Variable(3.0)

        def predict(rows: Any) -> Any:
            return {"sums": slope * tf.reduce_sum(rows, 1)}

        model.slope, model.predict = slope, tf.function(predict, input_signature=[tf.TensorSpec((None, 2), tf.float32, name="rows")])
        return model

    def inputs(self) -> Any:
        import numpy as np

        return np.array([[1, 2], [3, 4]], dtype="float32")

    def predict(self, model: Any, inputs: Any) -> Any:
        return model.predict(inputs)["sums"].numpy()

    test_saving_twice_gives_the_same_bytes = leave_out(reason="TensorFlow numbers the functions of a process, and writes their numbers")


class TensorTests(AdapterTests):
    """Compares tensors by their arrays."""

    def same(self, one: Any, other: Any) -> bool:
        import numpy as np

        one, other = np.asarray(one), np.asarray(other)
        return bool(one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other))


class TestTfTensorAdapter(TensorTests):
    """Rows of numbers."""

    adapter = TfTensorAdapter(shape=(None, 3), dtype="float32")

    def values(self) -> Any:
        import tensorflow as tf

        return [tf.zeros((0, 3)), tf.constant([[1.5, 2, 3]]), tf.constant([[1.0, 2, 3], [4, 5, 6]])]


class TestTexts(TensorTests):
    """Texts, and bytes that are not UTF-8."""

    adapter = TfTensorAdapter(shape=(None,), dtype="string")

    def values(self) -> Any:
        import tensorflow as tf

        return [tf.constant(["a", "弁当"]), tf.constant([b"\xff\x00"]), tf.zeros((0,), tf.string)]

"""The tests of `bento plugins keras --check`: the kit's tests for the format, with a small network."""

from __future__ import annotations

from typing import Any

from bento.testing import ArtifactTests

from .artifact import KerasArtifact


class TestKerasArtifact(ArtifactTests):
    """Layers with and without weights, with the back end that Keras uses here."""

    artifact = KerasArtifact()
    max_examples = 20

    def model(self) -> Any:
        import keras

        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(4, activation="relu"), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
        return keras.Sequential([keras.Input((3,)), *layers])

    def inputs(self) -> Any:
        import numpy as np

        return np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)

    def predict(self, model: Any, inputs: Any) -> Any:
        return model.predict_on_batch(inputs)

    def same(self, one: Any, other: Any) -> bool:
        """Approximately equal, because the last bits of an answer depend on where the weights lie in memory."""
        import numpy as np

        return bool(one.dtype == other.dtype and one.shape == other.shape and np.allclose(one, other, atol=1e-6))

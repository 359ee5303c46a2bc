"""Handwritten digits, told apart by a Keras network behind an endpoint. Needs bento-keras and a back end of Keras.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

from typing import Any

import bento
from bento.adapters import ArrayAdapter
from bento_keras import KerasArtifact

SIDE = 8
PICTURES = ArrayAdapter(shape=(None, SIDE, SIDE), dtype="float32")


class Numerals(bento.Service):
    """Tell which digit a picture of 8 x 8 numbers from 0 to 16 shows."""

    model = KerasArtifact()

    def setup(self) -> None:
        """Predict once before the first request, because a back end may compile the model then."""
        import numpy as np

        self.probabilities(np.zeros((1, SIDE, SIDE), dtype="float32"))

    @bento.api(input=PICTURES, batch=True)
    def read(self, pictures: Any) -> Any:
        """Give each picture's digit."""
        return self.probabilities(pictures).argmax(1)

    @bento.api(input=PICTURES, batch=True)
    def probabilities(self, pictures: Any) -> Any:
        """Give the probability of each digit for each picture."""
        return self.model.predict_on_batch(pictures)


if __name__ == "__main__":
    import keras
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    keras.utils.set_random_seed(0)
    digits = load_digits()
    seen, unseen, known, unknown = train_test_split(digits.images, digits.target, random_state=0)
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE)),
            keras.layers.Rescaling(1 / 16),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(seen, known, epochs=10, batch_size=256, verbose=0)
    accuracy = (model.predict_on_batch(unseen).argmax(1) == unknown).mean()
    bundle = bento.save(Numerals(model=bento.Packed(model, metadata={"accuracy": round(float(accuracy), 3)})))
    print(f"saved {bundle.tag}: serve it with\n  bento serve {bundle.tag}")

"""Handwritten digits, told apart by a TensorFlow program behind an endpoint. Needs bento-tensorflow.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

from typing import Any

import bento
from bento_tensorflow import SavedModelArtifact, TfTensorAdapter

PIXELS, DIGITS = 64, 10


class Ciphers(bento.Service):
    """Tell which digit a picture of 64 numbers from 0 to 16 shows."""

    model = SavedModelArtifact(signatures={"serving_default": "read"})

    @bento.api(input=TfTensorAdapter(shape=(None, PIXELS), dtype="float32"), batch=True)
    def read(self, pictures: Any) -> Any:
        """Give each picture's digit."""
        return self.model.signatures["serving_default"](pictures=pictures)["digits"]


if __name__ == "__main__":
    import tensorflow as tf
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    class Network(tf.Module):
        """One layer."""

        def __init__(self) -> None:
            super().__init__()
            self.weights, self.bias = tf.Variable(tf.zeros((PIXELS, DIGITS))), tf.Variable(tf.zeros(DIGITS))

        def scores(self, pictures: Any) -> Any:
            """Give ten scores for each picture, the largest for the likeliest digit."""
            return pictures / 16 @ self.weights + self.bias

        @tf.function(input_signature=[tf.TensorSpec((None, PIXELS), tf.float32, name="pictures")])
        def read(self, pictures: Any) -> Any:
            """Give each picture's digit. This function is saved as a signature."""
            return {"digits": tf.argmax(self.scores(pictures), 1)}

        @tf.function
        def learn(self, pictures: Any, numbers: Any) -> None:
            """Take one step of gradient descent."""
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(numbers, self.scores(pictures)))
            for variable, gradient in zip(self.trainable_variables, tape.gradient(loss, self.trainable_variables), strict=True):
                variable.assign_sub(gradient)

    seen, unseen, known, unknown = train_test_split(*load_digits(return_X_y=True), random_state=0)
    network = Network()
    for _ in range(200):
        network.learn(tf.constant(seen, tf.float32), tf.constant(known))
    accuracy = (network.read(tf.constant(unseen, tf.float32))["digits"].numpy() == unknown).mean()
    bundle = bento.save(Ciphers(model=bento.Packed(network, metadata={"accuracy": round(float(accuracy), 3)})))
    print(f"saved {bundle.tag}: serve it with\n  bento serve {bundle.tag}")

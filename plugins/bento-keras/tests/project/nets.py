"""Models and their parts, as in a module of a project."""

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="nets")
class Scale(keras.layers.Layer):
    """Multiplies by a number, and is registered with Keras under a name of its own."""

    def __init__(self, by=2.0, **options):
        super().__init__(**options)
        self.by = by

    def call(self, rows):
        return rows * self.by

    def get_config(self):
        return {**super().get_config(), "by": self.by}


class Shift(keras.layers.Layer):
    """Adds a weight, and is not registered."""

    def build(self, shape):
        self.shift = self.add_weight(shape=shape[-1:], initializer="ones")

    def call(self, rows):
        return rows + self.shift


def halve(rows):
    return rows / 2


class Net(keras.Model):
    """A user's own class, made again from its config."""

    def __init__(self, width=4, **options):
        super().__init__(**options)
        self.width = width
        self.layer = keras.Sequential([keras.layers.Dense(width, activation=halve), Scale(3.0), Shift()])

    def call(self, rows):
        return self.layer(rows)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


class Secretive(keras.Model):
    """Leaves its arguments out of its config."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, rows):
        return self.layer(rows)

    def get_config(self):
        return {}


def convolutions():
    """All common layers, and operations as well."""
    keras.utils.set_random_seed(0)
    pictures = keras.Input((8, 8, 1), name="pictures")
    values = keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer=keras.regularizers.L2(0.1))(pictures / 16)
    values = keras.layers.BatchNormalization()(values)
    values = keras.ops.reshape(values, (-1, 144))[:, :100]
    values = keras.layers.Dropout(0.5)(keras.layers.Dense(8, activation=keras.activations.gelu)(values))
    model = keras.Model(pictures, keras.layers.Dense(3, activation="softmax")(values))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return model


def trained():
    model = convolutions()
    model.fit(np.linspace(0, 1, 8 * 64).reshape(8, 8, 8, 1), np.arange(8) % 3, verbose=0)
    return model


def sequence():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            keras.layers.Embedding(10, 4, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True)),
            keras.layers.TimeDistributed(keras.layers.Dense(2)),
            keras.layers.GlobalAveragePooling1D(),
        ]
    )


def own():
    keras.utils.set_random_seed(0)
    model = Net()
    model(np.ones((1, 3), "float32"))
    return model


def several():
    """Takes a dict and answers a list."""
    left, right = keras.Input((3,), name="left"), keras.Input((2,), name="right")
    both = keras.ops.concatenate([left, right], axis=-1)
    return keras.Model({"left": left, "right": right}, [keras.layers.Dense(2)(both), keras.ops.max(both, axis=-1)])


def half():
    """Has weights of sixteen bits, one of which is shared by two layers."""
    shared = keras.layers.Dense(3, dtype="bfloat16")
    rows = keras.Input((3,))
    return keras.Model(rows, shared(shared(rows)))


def of_texts():
    """A model that looks words up, which other back ends can build, but only TensorFlow can compute."""
    words = keras.Input((1,), dtype="string")
    return keras.Model(words, keras.layers.Identity()(words))

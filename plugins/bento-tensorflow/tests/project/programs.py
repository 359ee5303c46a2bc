"""Programs to be saved."""

import tensorflow as tf


class Line(tf.Module):
    """A weight, a table of words, and functions of both."""

    def __init__(self, slope=2.0):
        super().__init__()
        self.slope = tf.Variable(slope)
        words = tf.lookup.KeyValueTensorInitializer(tf.constant(["one", "two"]), tf.constant([1.0, 2.0]))
        self.words = tf.lookup.StaticHashTable(words, 0.0)

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32, name="rows")])
    def predict(self, rows):
        return {"sums": self.slope * tf.reduce_sum(rows, 1)}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="words")])
    def count(self, words):
        return self.words.lookup(words)

    def plain(self, rows):
        return rows

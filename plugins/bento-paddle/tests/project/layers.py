"""Layers to be saved."""

import paddle
from paddle import nn


class Net(nn.Layer):
    """Two layers with trained and with counted values between them."""

    def __init__(self, width=3):
        super().__init__()
        self.first = nn.Linear(4, width)
        self.norm = nn.BatchNorm1D(width)
        self.drop = nn.Dropout(0.5)
        self.last = nn.Linear(width, 2)

    def forward(self, rows):
        return self.last(self.drop(self.norm(self.first(rows))))


class Tied(nn.Layer):
    """One weight under two names."""

    def __init__(self):
        super().__init__()
        self.one = nn.Linear(4, 4)
        self.other = nn.Linear(4, 4)
        self.other.weight = self.one.weight

    def forward(self, rows):
        return self.other(self.one(rows))


class Half(nn.Layer):
    """Weights of a dtype that NumPy does not have."""

    def __init__(self):
        super().__init__()
        self.weight = self.create_parameter([4], dtype="bfloat16", default_initializer=nn.initializer.Constant(1.5))

    def forward(self, rows):
        return rows * self.weight.astype("float32")


class Bent(nn.Sequential):
    """The activation between two layers is an argument, which the state does not record."""

    def __init__(self, bend="ReLU", *, deep=False):
        super().__init__(nn.Linear(4, 4), getattr(nn, bend)(), nn.Linear(4, 2), *([nn.Softmax()] if deep else []))


def nothing():
    return paddle.ones([1])

"""Which breast tumours are malignant: a small PaddlePaddle network trained on 569 biopsies. Needs bento-paddle.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import nn

import bento
from bento.adapters import ArrayAdapter
from bento_paddle import PaddleArtifact


class Network(nn.Layer):
    """Two layers after a normalisation of the measurements, by the means and deviations of the training data."""

    def __init__(self, hidden: int = 16) -> None:
        super().__init__()
        self.scale = nn.BatchNorm1D(30)
        self.layers = nn.Sequential(nn.Linear(30, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, rows: Any) -> Any:
        """The logit of each row: how likely it is malignant, as a number from minus to plus infinity."""
        return self.layers(self.scale(rows)).squeeze(1)


class Biopsies(bento.Service):
    """Tell how likely a tumour is malignant from thirty measurements of its cells."""

    model = PaddleArtifact(Network, hidden=16)

    @bento.api(input=ArrayAdapter(shape=(None, 30), dtype="float32"), batch=True)
    def judge(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give a probability for each row."""
        return nn.functional.sigmoid(self.model(paddle.to_tensor(cells))).numpy()


def train() -> tuple[Network, float]:
    """A trained network, and its share of right answers about biopsies that it has not seen."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    cells, benign = load_breast_cancer(return_X_y=True)
    split = train_test_split(cells.astype("float32"), 1 - benign.astype("float32"), random_state=0)
    rows, others, malignant, truth = map(paddle.to_tensor, split)
    paddle.seed(0)
    network = Network()
    optimizer = paddle.optimizer.Adam(0.01, parameters=network.parameters())
    for _ in range(100):
        nn.functional.binary_cross_entropy_with_logits(network(rows), malignant).backward()
        optimizer.step()
        optimizer.clear_grad()
    network.eval()
    return network, float(((network(others) > 0) == (truth > 0)).astype("float32").mean())


def main() -> None:
    """Train, save, and print the next command."""
    network, accuracy = train()
    bundle = bento.save(Biopsies(model=bento.Packed(network, metadata={"accuracy": round(accuracy, 3)})))
    print(f"saved {bundle.tag}: serve it with\n  bento serve {bundle.tag}")


if __name__ == "__main__":
    main()

"""Which of three grapes a wine is made of: a PyTorch network behind an endpoint. Needs bento-torch.

Run it to train the model, save the service and see the next command.
"""

from __future__ import annotations

import torch
from torch import nn

import bento
from bento_torch import TensorAdapter, TorchArtifact

FEATURES = 13
WINES = TensorAdapter(
    shape=(None, FEATURES), dtype="float32", example=[[13.2, 1.8, 2.4, 18.0, 101.0, 2.7, 2.6, 0.3, 1.6, 4.9, 1.0, 3.0, 900.0]]
)


class Network(nn.Module):
    """Two layers after a normalisation by the means and deviations of the training data."""

    def __init__(self, hidden: int = 16) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("deviation", torch.ones(FEATURES))
        self.layers = nn.Sequential(nn.Linear(FEATURES, hidden), nn.ReLU(), nn.Linear(hidden, 3))

    def forward(self, wines: torch.Tensor) -> torch.Tensor:
        """Give three scores for each wine, the largest for the likeliest grape."""
        return self.layers((wines - self.mean) / self.deviation)


class Wine(bento.Service):
    """Tell a wine's grape from thirteen measurements of its chemistry."""

    model = TorchArtifact(build=Network, hidden=8)

    @bento.api(input=WINES, batch=True)
    def grape(self, wines: torch.Tensor) -> torch.Tensor:
        """Give the number of each wine's grape: 0 is Nebbiolo, 1 Grignolino and 2 Barbera."""
        return self.model(wines).argmax(1)

    @bento.api(input=WINES, batch=True)
    def probabilities(self, wines: torch.Tensor) -> torch.Tensor:
        """Give the probability of each grape for each wine."""
        return self.model(wines).softmax(1)


def fit(network: Network, wines: torch.Tensor, grapes: torch.Tensor) -> None:
    """Train a network for 200 steps on all wines."""
    network.mean, network.deviation = wines.mean(0), wines.std(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(wines), grapes).backward()
        optimizer.step()


if __name__ == "__main__":
    from sklearn.datasets import load_wine
    from sklearn.model_selection import train_test_split

    torch.manual_seed(0)
    wines, grapes = load_wine(return_X_y=True)
    seen, unseen, known, unknown = map(torch.tensor, train_test_split(wines.astype("float32"), grapes, random_state=0))
    network = Network(hidden=8)
    fit(network, seen, known)
    accuracy = (network.eval()(unseen).argmax(1) == unknown).float().mean().item()
    bundle = bento.save(Wine(model=bento.Packed(network, metadata={"accuracy": round(accuracy, 3)})))
    print(f"saved {bundle.tag}: serve it with\n  bento serve {bundle.tag}")

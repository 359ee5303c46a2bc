"""Two networks of a middling size for a GPU: one reads texts, with small requests, and one looks at images, with large requests.

Run as a script with the name of a service, this module saves that service.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from torch import nn

import bento
from bento_torch import TensorAdapter, TorchArtifact

ROWS = 64
WORDS, LENGTH, WIDTH, LAYERS = 30_000, 64, 512, 8
CHANNELS = (64, 128, 256, 512)


class Reader(nn.Module):
    """A transformer's encoder over the numbers of words, the mean of its outputs, and eight classes."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(WORDS, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 8, 4 * WIDTH, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, 8)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Give eight numbers for each text."""
        return self.head(self.layers(self.embed(words)).mean(1))


class Block(nn.Module):
    """Two convolutions and a residual connection around them."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()),
            *(nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after)),
        )
        self.around = nn.Conv2d(before, after, 1, stride, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give an image of other channels."""
        return torch.relu(self.layers(images) + self.around(images))


class Viewer(nn.Module):
    """Eighteen layers with residuals, and eight classes."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, CHANNELS[0], 7, 2, 3, bias=False), nn.BatchNorm2d(CHANNELS[0]), nn.ReLU(), nn.MaxPool2d(2)]
        before = CHANNELS[0]
        for after in CHANNELS:
            layers += [Block(before, after, 1 if before == after else 2), Block(after, after, 1)]
            before = after
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 8))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Give eight numbers for each image."""
        return self.layers(images)


class Texts(bento.Service):
    """Read texts."""

    model = TorchArtifact(build=Reader)

    @bento.api(input=TensorAdapter(shape=(None, LENGTH), dtype="int64"), batch=bento.Batch(size=ROWS))
    def predict(self, words: torch.Tensor) -> torch.Tensor:
        """Give eight numbers for each text."""
        return self.model(words)


class Images(bento.Service):
    """Look at images."""

    model = TorchArtifact(build=Viewer)

    @bento.api(input=TensorAdapter(shape=(None, 3, 224, 224), dtype="float32"), batch=bento.Batch(size=ROWS))
    def predict(self, images: torch.Tensor) -> torch.Tensor:
        """Give eight numbers for each image."""
        return self.model(images)


NETS = {"texts": Reader, "images": Viewer}


def requests(name: str) -> list[np.ndarray]:
    """A batch of values, each of one row."""
    generator = np.random.default_rng(0)
    if name == "texts":
        return [generator.integers(0, WORDS, (1, LENGTH), dtype="int64") for _ in range(ROWS)]
    return [generator.random((1, 3, 224, 224), dtype="float32") for _ in range(ROWS)]


if __name__ == "__main__":
    torch.manual_seed(0)
    name = sys.argv[1]
    kind = {"texts": Texts, "images": Images}[name]
    bento.save(kind(model=NETS[name]().eval()))

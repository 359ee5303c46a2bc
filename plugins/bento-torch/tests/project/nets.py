"""Modules of every kind that people serve, as a project has them."""

import math

import torch
from torch import nn

SIZE = 8


class Net(nn.Module):
    """Convolutions with statistics, for pictures of (1, 8, 8)."""

    def __init__(self, channels=4, classes=10):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, channels, 3), nn.BatchNorm2d(channels), nn.ReLU(), nn.Dropout(0.5), nn.Flatten())
        self.head = nn.Linear(channels * 36, classes)

    def forward(self, pictures):
        return self.head(self.layers(pictures))

    @classmethod
    def small(cls):
        return cls(2)


class Tied(nn.Module):
    """Reads and writes with the same weights."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(SIZE, 4)
        self.write = nn.Linear(4, SIZE, bias=False)
        self.write.weight = self.embed.weight

    def forward(self, words):
        return self.write(self.embed(words))


class Positions(nn.Module):
    """Adds positions that are computed, and are not part of the state."""

    def __init__(self, width=4):
        super().__init__()
        angles = torch.arange(SIZE)[:, None] / 10 ** torch.linspace(0, 1, width)
        self.register_buffer("positions", torch.sin(angles), persistent=False)
        self.scale = nn.Parameter(torch.tensor(math.sqrt(width)))

    def forward(self, rows):
        return self.scale * rows + self.positions


class Hoarder(nn.Module):
    """Keeps its parameters in a list as well, which assigning new ones does not reach."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(SIZE, SIZE))
        self.kept = [self.weight]

    def forward(self, rows):
        return rows @ self.kept[0]


class Viewer(nn.Module):
    """Reads its parameters through views."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(SIZE, SIZE))
        self.upper = {"half": self.weight.data[: SIZE // 2]}

    def forward(self, rows):
        return rows @ self.upper["half"].T


class Curious(nn.Module):
    """Reads the values of its parameters while it is built."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(SIZE, SIZE))
        self.large = bool(self.weight.abs().sum() > 0)

    def forward(self, rows):
        return rows @ self.weight


class Mixed(nn.Module):
    """Layers of PyTorch that do something special with their parameters."""

    def __init__(self):
        super().__init__()
        self.recur = nn.LSTM(SIZE, SIZE, batch_first=True)
        self.attend = nn.TransformerEncoderLayer(SIZE, 2, 16, batch_first=True)
        self.norm = nn.utils.parametrizations.weight_norm(nn.Linear(SIZE, SIZE))
        self.spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(SIZE, SIZE))
        self.more = nn.ParameterList([nn.Parameter(torch.randn(SIZE)) for _ in range(2)])

    def forward(self, rows):
        found, _ = self.recur(rows)
        return self.spectral(self.norm(self.attend(found))) + self.more[0] * self.more[1]


class Wide(nn.Module):
    """Large enough to measure its use of memory."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, width), nn.Linear(width, width))

    def forward(self, rows):
        return self.layers(rows)


class Odds(nn.Module):
    """Tensors of unusual dtypes and shapes."""

    def __init__(self):
        super().__init__()
        self.turns = nn.Parameter(torch.randn(3, 2, dtype=torch.complex64).conj())
        self.register_buffer("small", torch.randn(3).to(torch.float8_e4m3fn))
        self.register_buffer("flags", torch.tensor([True, False]))
        self.register_buffer("none", torch.empty(0, 3))
        self.register_buffer("one", torch.tensor(7, dtype=torch.uint16))
        self.turned = nn.Parameter(torch.randn(3, 2, 4).permute(2, 0, 1))
        self.pictures = nn.Conv2d(2, 3, 3)
        self.register_buffer("wide", torch.randn(1, 3).expand(4, 3))
        self.note = torch.zeros(0)

    def get_extra_state(self):
        return self.note

    def set_extra_state(self, state):
        self.note = state


class Versioned(nn.Module):
    """Remembers which of its versions wrote the state that it reads."""

    _version = 7

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *arguments):
        self.read = local_metadata["version"]
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *arguments)


class Keeper(nn.Module):
    """Keeps a value that is not a tensor in its state."""

    def get_extra_state(self):
        return {"words": 3}

    def set_extra_state(self, state):
        self.words = state


class Holder(nn.Module):
    """Holds a tensor."""

    def __init__(self, tensor):
        super().__init__()
        self.register_buffer("odd", tensor)


class Special(torch.Tensor):
    """A tensor of a class of its own."""


def hoarder_with_a_view():
    model = Hoarder()
    model.register_parameter("upper", nn.Parameter(torch.empty(4, SIZE)))
    return model


def greedy(sizes):
    return Net(sizes.pop(0))


def make(kind="Net", **arguments):
    """A function that builds, by a name."""
    return globals()[kind](**arguments)

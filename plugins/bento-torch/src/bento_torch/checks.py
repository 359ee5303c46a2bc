"""The tests of `bento plugins torch --check`: the kits' tests for each format with a small module, and for tensors."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bento.testing import AdapterTests, ArtifactTests

from .adapter import TensorAdapter
from .artifact import TorchArtifact
from .exported import TorchExportArtifact
from .scripted import TorchScriptArtifact


class ModuleTests(ArtifactTests):
    """Runs a module, or a program made of one, on four rows."""

    max_examples = 25

    def inputs(self) -> Any:
        import numpy as np

        return np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)

    def predict(self, model: Any, inputs: Any) -> Any:
        import torch

        with torch.inference_mode():
            return model(torch.from_numpy(inputs)).numpy()

    def same(self, one: Any, other: Any) -> bool:
        """Approximately equal, because the last bits of an answer depend on where the weights lie in memory."""
        import numpy as np

        return bool(one.dtype == other.dtype and one.shape == other.shape and np.allclose(one, other, atol=1e-6))


class TestTorchArtifact(ModuleTests):
    """The format that is data, with a module that is built by the name of its class."""

    artifact = TorchArtifact("torch.nn:Linear", in_features=3, out_features=2, device="cpu")

    def model(self) -> Any:
        return _linear()


class TestTorchExportArtifact(ModuleTests):
    """A program that was exported, for any number of rows."""

    artifact = TorchExportArtifact(device="cpu")

    def model(self) -> Any:
        import torch

        return torch.export.export(_linear(), (torch.zeros(2, 3),), dynamic_shapes=({0: torch.export.Dim("rows")},))

    def predict(self, model: Any, inputs: Any) -> Any:
        return super().predict(model.module(), inputs)


class TestTorchScriptArtifact(ModuleTests):
    """A program that was traced, which PyTorch no longer recommends."""

    artifact = TorchScriptArtifact(device="cpu")

    def model(self) -> Any:
        import torch

        return torch.jit.trace(_linear(), torch.zeros(2, 3))


class TestTensorAdapter(AdapterTests):
    """Rows of numbers, on the processor."""

    adapter = TensorAdapter(shape=(None, 3), dtype="float32", device="cpu")

    def values(self) -> Any:
        import torch

        row = st.tuples(*[st.floats(width=32, allow_nan=False, allow_infinity=False)] * 3)
        return st.lists(row, max_size=4).map(lambda rows: torch.tensor(rows, dtype=torch.float32).reshape(-1, 3))


def _linear() -> Any:
    import torch

    torch.manual_seed(0)
    return torch.nn.Linear(3, 2).eval()

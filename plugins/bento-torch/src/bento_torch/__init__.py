"""PyTorch modules for bento.

`TorchArtifact` keeps a module's state as data, and your own code builds the module; `TorchExportArtifact` and `TorchScriptArtifact`
keep programs that need no code of yours. `TensorAdapter` reads and writes tensors. `DeviceArtifact` is a base class for artifacts of other
models that run in PyTorch. Importing this package imports neither PyTorch nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .adapter import TensorAdapter
from .artifact import TorchArtifact
from .base import DeviceArtifact
from .exported import TorchExportArtifact
from .scripted import TorchScriptArtifact

if TYPE_CHECKING:
    from bento import Adapter, Artifact

__all__ = ["DeviceArtifact", "TensorAdapter", "TorchArtifact", "TorchExportArtifact", "TorchScriptArtifact"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model formats of this plugin."""
    return [TorchArtifact, TorchExportArtifact, TorchScriptArtifact]


@bento.hookimpl
def bento_register_adapters() -> list[type[Adapter[Any]]]:
    """The adapters of this plugin."""
    return [TensorAdapter]

"""TensorFlow programs and tensors for bento.

`SavedModelArtifact` keeps a program with its signatures as a SavedModel; `TfTensorAdapter` reads and writes tensors, and also reads the
requests of TensorFlow Serving's clients. Importing this package imports neither TensorFlow nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .adapter import TfTensorAdapter
from .artifact import SavedModelArtifact

if TYPE_CHECKING:
    from bento import Adapter, Artifact

__all__ = ["SavedModelArtifact", "TfTensorAdapter"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model formats of this plugin."""
    return [SavedModelArtifact]


@bento.hookimpl
def bento_register_adapters() -> list[type[Adapter[Any]]]:
    """The adapters of this plugin."""
    return [TfTensorAdapter]

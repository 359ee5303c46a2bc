"""ONNX models for bento.

`OnnxArtifact` keeps an `.onnx` file and the files that contain its weights, and opens it in ONNX Runtime. Importing this package imports
neither ONNX Runtime nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .artifact import OnnxArtifact

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["OnnxArtifact"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model formats of this plugin."""
    return [OnnxArtifact]

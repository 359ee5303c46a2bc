"""Keras models for bento.

`KerasArtifact` keeps a model as a `.keras` file, with any back end of Keras 3, and checks everything in such a file before Keras reads it.
Importing this package imports neither Keras nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .artifact import KerasArtifact

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["KerasArtifact"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model formats of this plugin."""
    return [KerasArtifact]

"""PaddlePaddle layers for bento.

`PaddleArtifact` keeps a layer's state as data; a class or function of the service's code makes the layer again. Importing this package
imports neither PaddlePaddle nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .artifact import PaddleArtifact

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["PaddleArtifact"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model format of this plugin."""
    return [PaddleArtifact]

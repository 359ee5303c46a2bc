"""MLflow models for bento: a folder that MLflow saved, of any flavour that is a Python function, becomes a production endpoint.

`MlflowPyfuncArtifact` keeps the folder unchanged, and the bundle requires what its `requirements.txt` lists. No tracking server is needed.
Importing this package imports neither MLflow nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .artifact import MlflowPyfuncArtifact

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["MlflowPyfuncArtifact"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model format of this plugin."""
    return [MlflowPyfuncArtifact]

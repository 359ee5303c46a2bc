"""MLflow models for bento: a folder that MLflow saved, of any flavour that is a Python function, becomes a production endpoint.

`MlflowPyfuncArtifact` keeps the folder as it is, and the bundle requires what its `requirements.txt` asks for. No tracking server is
asked for anything. Importing this package imports neither MLflow nor NumPy.
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
    """The format that this plugin brings."""
    return [MlflowPyfuncArtifact]

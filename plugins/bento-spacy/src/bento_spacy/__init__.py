"""spaCy pipelines for bento.

`SpacyArtifact` keeps a pipeline as spaCy writes it: settings, vocabulary and weights. Importing this package imports neither spaCy nor
NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .artifact import SpacyArtifact

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["SpacyArtifact"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model formats of this plugin."""
    return [SpacyArtifact]

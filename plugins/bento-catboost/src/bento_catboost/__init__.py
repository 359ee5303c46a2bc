"""CatBoost models for bento.

`CatboostArtifact` keeps a model as a `.cbm` file, CatBoost's own format; `pool` makes the input of a model from lists, arrays and tables.
Importing this package imports neither CatBoost nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .artifact import CatboostArtifact
from .pool import pool

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["CatboostArtifact", "pool"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model formats of this plugin."""
    return [CatboostArtifact]

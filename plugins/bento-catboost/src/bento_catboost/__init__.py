"""CatBoost models for bento.

`CatboostArtifact` keeps a model in CatBoost's own `.cbm`; `pool` makes what a model is asked with from lists, arrays and tables.
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
    """The formats that this plugin brings."""
    return [CatboostArtifact]

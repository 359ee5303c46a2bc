"""LightGBM models for bento.

`LightgbmArtifact` keeps a booster, or one of its scikit-learn estimators, in LightGBM's own text; `features` makes what a model is asked
with from arrays and tables. Importing this package imports neither LightGBM nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .artifact import LightgbmArtifact
from .features import features

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["LightgbmArtifact", "features"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The formats that this plugin brings."""
    return [LightgbmArtifact]

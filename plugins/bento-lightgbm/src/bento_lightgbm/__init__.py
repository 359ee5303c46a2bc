"""LightGBM models for bento.

`LightgbmArtifact` keeps a booster, or a scikit-learn estimator of LightGBM, in LightGBM's own text format; `features` makes the input of a
model from arrays and tables. Importing this package imports neither LightGBM nor NumPy.
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
    """The model formats of this plugin."""
    return [LightgbmArtifact]

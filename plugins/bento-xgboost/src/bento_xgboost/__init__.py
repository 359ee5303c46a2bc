"""XGBoost models for bento.

`XgboostArtifact` keeps a booster, or a scikit-learn estimator of XGBoost, in XGBoost's own JSON format; `matrix` makes the input of a
booster from arrays and tables. Importing this package imports neither XGBoost nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .artifact import XgboostArtifact
from .matrix import matrix

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["XgboostArtifact", "matrix"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model formats of this plugin."""
    return [XgboostArtifact]

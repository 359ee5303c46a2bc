"""XGBoost models for bento.

`XgboostArtifact` keeps a booster, or one of its scikit-learn estimators, in XGBoost's own JSON; `matrix` makes what a booster is asked
with from arrays and tables. Importing this package imports neither XGBoost nor NumPy.
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
    """The formats that this plugin brings."""
    return [XgboostArtifact]

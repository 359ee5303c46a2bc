"""statsmodels results for bento: the results that `fit()` returns become a production endpoint.

`StatsmodelsPickleArtifact` keeps results as a pickle, the only format that statsmodels has for them. Importing this package imports
neither statsmodels nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .artifact import StatsmodelsPickleArtifact

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["StatsmodelsPickleArtifact"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model format of this plugin."""
    return [StatsmodelsPickleArtifact]

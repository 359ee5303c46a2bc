"""scikit-learn models for bento.

`SklearnArtifact` keeps an estimator as data, so loading cannot run code. `SklearnPickleArtifact` keeps any other estimator as a pickle.
Importing this package imports neither scikit-learn nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento
from bento.artifacts import VersionWarning

from .artifact import SklearnArtifact
from .pickled import SklearnPickleArtifact

if TYPE_CHECKING:
    from bento import Artifact

__all__ = ["SklearnArtifact", "SklearnPickleArtifact", "VersionWarning"]


@bento.hookimpl
def bento_register_artifacts() -> list[type[Artifact[Any]]]:
    """The model formats of this plugin."""
    return [SklearnArtifact, SklearnPickleArtifact]

"""Estimators as pickles: for estimators that cannot be kept as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bento import ArtifactError, instance_of, type_name
from bento.artifacts import PickleArtifact

from .fitted import check_fitted
from .version import same_version, write_version

if TYPE_CHECKING:
    from pathlib import Path


class SklearnPickleArtifact(PickleArtifact):
    """Keeps any fitted estimator that pickles. Loading runs code, so a bundle from elsewhere needs trust: prefer `SklearnArtifact`."""

    name = "sklearn-pickle"
    framework = "sklearn"

    def save(self, model: Any, folder: Path) -> None:
        check_fitted(model)
        super().save(model, folder)
        write_version(folder)

    def load(self, folder: Path) -> Any:
        with same_version(folder):
            model = super().load(folder)
        if not self.accepts(model):
            raise ArtifactError(f"the pickle in {str(folder)!r} holds a {type_name(model)}, which is not an estimator")
        return model

    def accepts(self, model: object) -> bool:
        return instance_of(model, "sklearn.base", "BaseEstimator")

    def requirements(self) -> list[str]:
        return ["scikit-learn"]

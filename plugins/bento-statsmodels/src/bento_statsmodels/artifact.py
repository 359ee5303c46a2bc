"""Results of statsmodels, as pickles."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bento import ArtifactError, instance_of, type_name
from bento.artifacts import PickleArtifact, check_version, write_version

if TYPE_CHECKING:
    from pathlib import Path

_FRAMEWORK = "statsmodels"


class StatsmodelsPickleArtifact(PickleArtifact):
    """Keeps the results that `fit()` of any statsmodels model returns. Loading runs code, so a bundle from elsewhere needs trust.

    Results contain the data that the model was fitted to, unless `remove_data()` was called. When they are loaded, a formula is evaluated
    again on these data. It may use columns, statsmodels' own functions and `np`, but no other names.
    """

    name = "statsmodels-pickle"
    framework = _FRAMEWORK

    def save(self, model: Any, folder: Path) -> None:
        if not _is_fitted(model):
            raise ArtifactError(f"this {type_name(model)} is not fitted: pack what its fit() returns")
        super().save(model, folder)
        write_version(folder, _FRAMEWORK, _version())
        try:
            # In a new thread, whose stack has no frames of the caller, where statsmodels could find the caller's names.
            with ThreadPoolExecutor(1) as pool:
                pool.submit(self.load, folder).result()
        except ArtifactError as error:
            raise ArtifactError(
                f"no other process could load this {type_name(model)}: {error.__cause__}: "
                "a formula may use np and no other name of yours, so compute such a column before you fit"
            ) from error

    def load(self, folder: Path) -> Any:
        # statsmodels looks up the names in a formula in the stack frames of unpickling, and this function's frame is one of them.
        import numpy as np  # noqa: F401

        check_version(folder, _FRAMEWORK, _version())
        model = super().load(folder)
        if not _is_fitted(model):
            raise ArtifactError(f"the pickle in {str(folder)!r} holds a {type_name(model)}, which is not a result of statsmodels")
        return model

    def accepts(self, model: object) -> bool:
        return _is_fitted(model) or instance_of(model, "statsmodels.base.model", "Model")

    def requirements(self) -> list[str]:
        return [_FRAMEWORK]


def _version() -> str:
    import statsmodels

    return str(statsmodels.__version__)


def _is_fitted(model: object) -> bool:
    return instance_of(model, "statsmodels.base.wrapper", "ResultsWrapper") or instance_of(model, "statsmodels.base.model", "Results")

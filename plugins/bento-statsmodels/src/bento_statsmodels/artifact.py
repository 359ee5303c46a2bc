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
    """Keeps what `fit()` of any statsmodels model returned. Loading runs code, so a bundle from elsewhere needs trust.

    Results hold the data that they were fitted to, unless `remove_data()` was called. A formula is evaluated anew when they are loaded,
    on these data, and may name columns, statsmodels' own functions and `np`.
    """

    name = "statsmodels-pickle"
    framework = _FRAMEWORK

    def save(self, model: Any, folder: Path) -> None:
        if not _is_fitted(model):
            raise ArtifactError(f"this {type_name(model)} is not fitted: pack what its fit() returns")
        super().save(model, folder)
        write_version(folder, _FRAMEWORK, _version())
        try:
            # In a thread, above whose frames there are none of the caller's.
            with ThreadPoolExecutor(1) as pool:
                pool.submit(self.load, folder).result()
        except ArtifactError as error:
            raise ArtifactError(
                f"no other process could load this {type_name(model)}: {error.__cause__}: "
                "a formula may use np and no other name of yours, so compute such a column before you fit"
            ) from error

    def load(self, folder: Path) -> Any:
        # statsmodels looks for the names in a formula in the frames that it is unpickled from; this one is among them.
        import numpy as np  # noqa: F401

        check_version(folder, _FRAMEWORK, _version())
        model = super().load(folder)
        if not _is_fitted(model):
            raise ArtifactError(f"the pickle in {str(folder)!r} holds a {type_name(model)}, which is no result of statsmodels")
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

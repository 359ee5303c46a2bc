"""Boosters and estimators, as XGBoost writes them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bento import Artifact, ArtifactError, Service, instance_of, type_name
from bento.artifacts import check_version, distribution_of, read_json, slot_file, suffix_of, write_json, write_version

if TYPE_CHECKING:
    from pathlib import Path

_MODEL = "model.json"
_KIND = "kind.json"
_FRAMEWORK = "xgboost"


class XgboostArtifact(Artifact[Any]):
    """Keeps a trained `Booster`, `XGBClassifier`, `XGBRegressor`, `XGBRanker`, `XGBRFClassifier` or `XGBRFRegressor` as JSON.

    The model comes back as it was: its class, its parameters if they are JSON values, the names and types of its features, and its best
    iteration. Parameters that are functions are left out, because only training calls them, and so is `n_jobs`, because the number of
    threads depends on the machine. The file is checked before XGBoost reads it, because a damaged one can crash the process.
    """

    name = "xgboost"
    framework = _FRAMEWORK

    def save(self, model: Any, folder: Path) -> None:
        import xgboost

        from . import kinds

        kind = kinds.describe(model)
        booster = kinds.booster_of(model)
        try:
            content = booster.save_raw(raw_format="json")
        except xgboost.core.XGBoostError as error:
            raise ArtifactError(f"XGBoost cannot write this {type_name(model)}: {error}") from error
        (folder / _MODEL).write_bytes(content)
        write_json(folder / _KIND, kind)
        write_version(folder, _FRAMEWORK, xgboost.__version__)
        # A model that cannot be loaded is refused now, and not on the machine that serves.
        self.load(folder)

    def load(self, folder: Path) -> Any:
        import xgboost

        from . import document, kinds

        path = slot_file(folder, _MODEL)
        kind = kinds.read(slot_file(folder, _KIND), read_json(folder / _KIND))
        check_version(folder, _FRAMEWORK, xgboost.__version__, reads_older=True)
        content = path.read_bytes()
        try:
            document.check(content)
            model = kind.restore(content)
        except Exception as error:
            raise ArtifactError(f"{str(path)!r} is damaged: {type(error).__name__}: {error}") from error
        try:
            kinds.configure(model)
        except xgboost.core.XGBoostError as error:
            reason = str(error).partition("\n")[0]
            raise ArtifactError(f"{str(folder / _KIND)!r} or {_MODEL!r} has a parameter that XGBoost does not take: {reason}") from error
        return model

    def accepts(self, model: object) -> bool:
        return instance_of(model, "xgboost.core", "Booster") or instance_of(model, "xgboost.sklearn", "XGBModel")

    def advice(self, model: object) -> str:
        way_out = f"load {str(model)!r} with load_model(), such as that of an xgboost.XGBClassifier(), and pack the model"
        return way_out if suffix_of(model) in (".json", ".ubj") else ""

    def requirements(self) -> list[str]:
        framework = distribution_of(_FRAMEWORK, _FRAMEWORK)
        return [framework, "scikit-learn"] if find_spec("sklearn") else [framework]

    def default_service(self) -> type[Service] | None:
        from .service import XgboostService

        return XgboostService

"""Models, as CatBoost writes them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from bento import Artifact, ArtifactError, Service, instance_of, type_name
from bento.artifacts import check_version, read_json, slot_file, suffix_of, write_json, write_version

if TYPE_CHECKING:
    from pathlib import Path

_MODEL = "model.cbm"
_KIND = "kind.json"
_FRAMEWORK = "catboost"
_CLASSES = ("CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor")


class CatboostArtifact(Artifact[Any]):
    """Keeps a trained `CatBoost`, `CatBoostClassifier`, `CatBoostRegressor` or `CatBoostRanker` as a `.cbm` file.

    The model comes back as it was, except for attributes that CatBoost does not save: `best_iteration_`, `best_score_` and
    `evals_result_`. (The trees after the best iteration were already removed by training.) CatBoost checks only the structure of a file,
    so bento compares a digest and refuses a file that differs from the saved one in any bit.
    """

    name = "catboost"
    framework = _FRAMEWORK

    def save(self, model: Any, folder: Path) -> None:
        import catboost

        check_model(model)
        path = folder / _MODEL
        try:
            model.save_model(str(path), format="cbm")
        except catboost.CatBoostError as error:
            raise ArtifactError(f"CatBoost cannot write this {type_name(model)}: {error}") from error
        write_json(folder / _KIND, {"class": type(model).__name__, "features": int(model.n_features_in_), "sha256": _digest(path)})
        write_version(folder, _FRAMEWORK, catboost.__version__)

    def load(self, folder: Path) -> Any:
        import catboost

        path = slot_file(folder, _MODEL)
        name, features, digest = _read_kind(slot_file(folder, _KIND))
        check_version(folder, _FRAMEWORK, catboost.__version__, reads_older=True)
        if _digest(path) != digest:
            raise ArtifactError(f"{str(path)!r} is damaged: it is not what its {_KIND} describes")
        try:
            model = getattr(catboost, name)().load_model(str(path))
        except Exception as error:
            raise ArtifactError(f"{str(path)!r} is damaged: {type(error).__name__}: {error}") from error
        model._n_features_in = features  # noqa: SLF001 - CatBoost does not save it, and no public method sets it
        return model

    def accepts(self, model: object) -> bool:
        return instance_of(model, "catboost.core", "CatBoost")

    def advice(self, model: object) -> str:
        way_out = f"load {str(model)!r} with load_model(), such as that of a catboost.CatBoostClassifier(), and pack the model"
        return way_out if suffix_of(model) == ".cbm" else ""

    def requirements(self) -> list[str]:
        return [_FRAMEWORK]

    def default_service(self) -> type[Service] | None:
        from .service import CatboostService

        return CatboostService


def check_model(model: Any) -> None:
    """Refuse a model that is not fitted, or that would come back different."""
    import catboost

    name = type(model).__name__
    if name not in _CLASSES or type(model) is not getattr(catboost, name):
        raise ArtifactError(
            f"a {type_name(model)} would come back as another class: expected {', '.join(_CLASSES)} of catboost: pack one of these, "
            "made with its load_model() from what your model's save_model() wrote"
        )
    if not model.is_fitted():
        raise ArtifactError(f"this {type_name(model)} is not fitted: call its fit() before it is packed")


def _read_kind(path: Path) -> tuple[str, int, str]:
    match read_json(path):
        case {"class": str(name), "features": int(features), "sha256": str(digest)} if name in _CLASSES and features >= 0:
            return name, features, digest
    raise ArtifactError(f"{str(path)!r} is damaged: expected a class of CatBoost, its features and a digest")


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()

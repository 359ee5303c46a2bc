"""Boosters and estimators, as LightGBM writes them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bento import Artifact, ArtifactError, Service, instance_of
from bento.artifacts import check_version, read_json, slot_file, suffix_of, write_json, write_version

if TYPE_CHECKING:
    from pathlib import Path

_MODEL = "model.txt"
_KIND = "kind.json"
_FRAMEWORK = "lightgbm"


class LightgbmArtifact(Artifact[Any]):
    """Keeps a trained `Booster`, `LGBMClassifier`, `LGBMRegressor` or `LGBMRanker` as text.

    The model comes back as it was: its class, its parameters if they are JSON values, its classes, feature names, categories and best
    iteration. Parameters that are functions are left out, because only training calls them, and so is the number of threads, which OpenMP
    decides. The text is checked before LightGBM reads it, because a damaged one can end the process.
    """

    name = "lightgbm"
    framework = _FRAMEWORK

    def save(self, model: Any, folder: Path) -> None:
        import lightgbm

        from . import kinds

        write_json(folder / _KIND, kinds.describe(model))
        (folder / _MODEL).write_bytes(kinds.booster_of(model).model_to_string(num_iteration=-1).encode())
        write_version(folder, _FRAMEWORK, lightgbm.__version__)
        # A model that cannot be loaded is refused now, and not on the machine that serves.
        self.load(folder)

    def load(self, folder: Path) -> Any:
        import lightgbm

        from . import kinds, text

        path = slot_file(folder, _MODEL)
        kind = kinds.read(slot_file(folder, _KIND), read_json(folder / _KIND))
        check_version(folder, _FRAMEWORK, lightgbm.__version__, reads_older=True)
        try:
            content = path.read_bytes().decode()
            text.check(content)
            return kind.restore(content)
        except Exception as error:
            raise ArtifactError(f"{str(path)!r} is damaged: {type(error).__name__}: {error}") from error

    def accepts(self, model: object) -> bool:
        return instance_of(model, "lightgbm.basic", "Booster") or instance_of(model, "lightgbm.sklearn", "LGBMModel")

    def advice(self, model: object) -> str:
        return f"pack what lightgbm.Booster(model_file={str(model)!r}) gives" if suffix_of(model) == ".txt" else ""

    def requirements(self) -> list[str]:
        return [_FRAMEWORK, "scikit-learn"] if find_spec("sklearn") else [_FRAMEWORK]

    def default_service(self) -> type[Service] | None:
        from .service import LightgbmService

        return LightgbmService

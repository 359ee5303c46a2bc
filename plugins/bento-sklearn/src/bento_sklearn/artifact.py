"""Estimators as data: the recommended format."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from bento import Artifact, ArtifactError, DefinitionError, Service, instance_of, type_name
from bento.artifacts import slot_file, suffix_of

from .fitted import check_fitted
from .known import KNOWN
from .parts import check_parts
from .version import same_version, write_version

if TYPE_CHECKING:
    from pathlib import Path

    from sklearn.base import BaseEstimator

    from bento.artifact import JSON

_FILE = "model.skops"
_LOADERS = {".skops": "skops.io.load", ".joblib": "joblib.load", ".pkl": "joblib.load", ".pickle": "joblib.load"}
"""The functions that read the files in which users keep estimators, by suffix. They are named in advice."""


# For a type checker a model is Any, because scikit-learn has no type with the methods of all estimators: BaseEstimator lacks `predict`.
class SklearnArtifact(Artifact[Any]):
    """Keeps a fitted estimator in the format of skops. Loading makes only objects of trusted types, and runs no code from the file.

    Most types of scikit-learn, NumPy and SciPy are trusted. `trusted` lists what else a model may contain, such as your own transformers:
    classes and functions, or their dotted names. If a name is missing, saving the model fails and says which. Equal models give equal
    bytes.
    """

    name = "sklearn"
    framework = "sklearn"

    def __init__(self, *, trusted: Sequence[str | type | Callable[..., Any]] = ()) -> None:
        if (
            isinstance(trusted, str)
            or not isinstance(trusted, Iterable)
            or not all(isinstance(item, str) or hasattr(item, "__name__") for item in trusted)
        ):
            raise DefinitionError(f"expected SklearnArtifact(trusted=[...]) with classes, functions or their dotted names, got {trusted!r}")
        self._trusted = tuple(trusted)

    @property
    def trusted(self) -> list[str]:
        """The sorted dotted names of all that is trusted. Computed on each access, because the name of a script's module may change."""
        return sorted({_dotted(item) for item in self._trusted})

    def save(self, model: BaseEstimator, folder: Path) -> None:
        from . import skops_file

        check_fitted(model)
        skops_file.write(model, folder / _FILE)
        self._check_trusted(folder / _FILE, f"{skops_file.BEST}, or, " if hasattr(model, "best_estimator_") else "")
        write_version(folder)

    def load(self, folder: Path) -> BaseEstimator:
        from . import skops_file

        path = slot_file(folder, _FILE)
        with same_version(folder):
            model = skops_file.read(path, sorted({*KNOWN, *set().union(*map(_names, self._trusted))}))
        if not self.accepts(model):
            raise ArtifactError(f"{str(path)!r} holds a {type_name(model)}, which is not an estimator")
        check_parts(model)
        return model

    def accepts(self, model: object) -> bool:
        return instance_of(model, "sklearn.base", "BaseEstimator")

    def advice(self, model: object) -> str:
        loader = _LOADERS.get(suffix_of(model))
        return f"load {str(model)!r} with {loader} if you trust it, and pack the model" if loader else ""

    def requirements(self) -> list[str]:
        return ["scikit-learn", "skops"]

    def modules_of(self, model: BaseEstimator) -> list[str]:
        return sorted({dotted.rpartition(".")[0] for dotted in self.trusted})

    def options(self) -> dict[str, JSON]:
        return {"trusted": [*self.trusted]} if self._trusted else {}

    def default_service(self) -> type[Service] | None:
        if self._trusted:
            return None
        from .service import SklearnService

        return SklearnService

    def _check_trusted(self, path: Path, better: str) -> None:
        from . import skops_file

        unknown = sorted(set(skops_file.unknown_types(path)) - KNOWN)
        for name in unknown:
            _check_found_again(name)
        missing = sorted(set(unknown) - set(self.trusted))
        if missing:
            raise ArtifactError(
                f"the model holds {', '.join(missing)}, which skops does not trust by itself: "
                f"{better}if you do, write SklearnArtifact(trusted={sorted({*self.trusted, *missing})})"
            )


def _dotted(item: str | type | Callable[..., Any]) -> str:
    return item if isinstance(item, str) else f"{item.__module__}.{item.__name__}"


def _names(item: str | type | Callable[..., Any]) -> set[str]:
    """All dotted names of a class or function. If the running script defines it, it is also found in the bundle's module of the script."""
    if isinstance(item, str):
        return {item}
    home = sys.modules.get(item.__module__)
    return {_dotted(item)} | {f"{name}.{item.__name__}" for name, module in list(sys.modules.items()) if home and module is home}


def _check_found_again(dotted: str) -> None:
    """Refuse a name that another process could not import."""
    module, _, name = dotted.rpartition(".")
    if module == "__main__":
        raise ArtifactError(f"{name} is defined in the running script or notebook, which no bundle can import: move it to a module")
    if not hasattr(sys.modules.get(module), name):
        raise ArtifactError(f"{dotted} is not at the top of its module, where loading looks for it: define it there, with a name")

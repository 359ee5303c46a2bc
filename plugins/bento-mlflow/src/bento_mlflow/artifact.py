"""Models as MLflow saved them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

from bento import Artifact, instance_of
from bento.artifacts import FileArtifact

from .folder import check_model, is_model, open_model
from .requirements import required
from .signature import refuse_what_does_not_fit

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

_FILES = FileArtifact()
_FOLDER = "_bento_folder"


class MlflowPyfuncArtifact(Artifact["PyFuncModel"]):
    """Keeps a folder in which MLflow saved a model of any flavour, if MLflow can load it as a Python function.

    You pack the path of the folder. On a service, the slot is the loaded model: `self.model.predict(table)`. Loading runs code that the
    folder names, and in many flavours a pickle, so a bundle from elsewhere needs trust. A bundle requires what the model's
    `requirements.txt` lists. Input that the model's signature does not allow is an InvalidInput, whose message the client sees. One process
    cannot load two models that come with modules of the same name.
    """

    name = "mlflow-pyfunc"
    framework = "mlflow"
    runs_code = True

    def save(self, model: Any, folder: Path) -> None:
        source = _folder(model)
        check_model(source)
        _FILES.save(source, folder)

    def load(self, folder: Path) -> PyFuncModel:
        return _open(_FILES.load(folder))

    def accepts(self, model: object) -> bool:
        if instance_of(model, "mlflow.pyfunc", "PyFuncModel"):
            return _FOLDER in vars(model)
        return isinstance(model, Path) or is_model(model)

    def requirements(self) -> list[str]:
        return ["mlflow-skinny"]

    def requirements_of(self, model: Any) -> list[str]:
        return [*self.requirements(), *required(_folder(model))]

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> PyFuncModel: ...
    def __get__(self, instance: object | None, owner: type) -> Self | PyFuncModel:
        """The model of a service. If the service was given a path, the model is loaded at the first access."""
        held = None if instance is None else vars(instance).get(self.slot or "")
        if held is None:
            return super().__get__(instance, owner)
        if not isinstance(held, str | Path):
            model: PyFuncModel = held
            return model
        loaded: PyFuncModel = vars(instance).get(self._loaded) or vars(instance).setdefault(self._loaded, _open(_folder(held)))
        return loaded

    def __set__(self, instance: object, value: object) -> None:
        # Because this method exists, `__get__` takes precedence over the value in the service's `__dict__`, which may be a path.
        vars(instance).pop(self._loaded, None)
        vars(instance)[self.slot or ""] = value

    @property
    def _loaded(self) -> str:
        """The attribute in which a service keeps the loaded model of a path that it was given."""
        return f"_{self.slot}_loaded"


def _open(folder: Path) -> PyFuncModel:
    model = open_model(folder)
    # MLflow's object does not keep its folder, which is needed to save a loaded model again with its service.
    vars(model)[_FOLDER] = folder
    refuse_what_does_not_fit(model)
    return model


def _folder(model: Any) -> Path:
    return Path(model if isinstance(model, str | Path) else vars(model)[_FOLDER]).absolute()

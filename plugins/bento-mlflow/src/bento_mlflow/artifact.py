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
    """Keeps a folder that MLflow saved a model in, whatever its flavour, if MLflow can load it as a Python function.

    What is packed is the folder's path. On a service the slot is the loaded model: `self.model.predict(table)`. Loading runs code that
    the folder names, and in many flavours a pickle, so a bundle from elsewhere needs trust. A bundle requires what the model's
    `requirements.txt` asks for. What its signature does not allow is an InvalidInput, which a client reads. Two models whose own modules
    have the same name cannot be loaded by one process.
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
        """The model of a service, loaded when it is first asked for if the service was given a path."""
        held = None if instance is None else vars(instance).get(self.slot or "")
        if held is None:
            return super().__get__(instance, owner)
        if not isinstance(held, str | Path):
            model: PyFuncModel = held
            return model
        loaded: PyFuncModel = vars(instance).get(self._loaded) or vars(instance).setdefault(self._loaded, _open(_folder(held)))
        return loaded

    def __set__(self, instance: object, value: object) -> None:
        # With this method `__get__` comes before what lies in the service's `__dict__`, which may be a path.
        vars(instance).pop(self._loaded, None)
        vars(instance)[self.slot or ""] = value

    @property
    def _loaded(self) -> str:
        """Where a service has the model of the folder that it was given."""
        return f"_{self.slot}_loaded"


def _open(folder: Path) -> PyFuncModel:
    model = open_model(folder)
    # MLflow's object does not know where it is from, and a loaded model is saved again with its service.
    vars(model)[_FOLDER] = folder
    refuse_what_does_not_fit(model)
    return model


def _folder(model: Any) -> Path:
    return Path(model if isinstance(model, str | Path) else vars(model)[_FOLDER]).absolute()

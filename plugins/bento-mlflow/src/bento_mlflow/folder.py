"""Folders in which MLflow saved models: what they have to contain, and how they are loaded without contacting any server."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bento import ArtifactError
from bento.artifacts import has_file

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.pyfunc import PyFuncModel

_FILE = "MLmodel"
_FUNCTION = "python_function"
_TELEMETRY = "MLFLOW_DISABLE_TELEMETRY"
# A model that is code sets itself in a global variable of MLflow. If two were loaded at once, both loads could return the same one.
_LOADING = threading.RLock()


def is_model(folder: object) -> bool:
    """Whether `folder` is the path of a folder that looks like a model saved by MLflow."""
    return has_file(folder, _FILE)


def check_model(folder: Path) -> None:
    """Raise an ArtifactError if the folder has no model that MLflow can load as a Python function."""
    _function(folder)


def open_model(folder: Path) -> PyFuncModel:
    """Load the model in a folder. An ArtifactError if it cannot be loaded."""
    function = _function(folder)
    pyfunc = import_mlflow().pyfunc
    try:
        with _LOADING, _no_bytecode(for_good=bool(function.get("code"))):
            # MLflow would only warn about versions, which a bundle pins.
            model: PyFuncModel = pyfunc.load_model(str(folder), suppress_warnings=True)
    except Exception as error:
        raise ArtifactError(f"MLflow cannot load the model in {str(folder)!r}: {type(error).__name__}: {error}") from error
    return model


@contextmanager
def _no_bytecode(*, for_good: bool) -> Iterator[None]:
    """Keep Python from writing bytecode into the bundle's folder while a model that is code is loaded, or permanently if `for_good`.

    It has to be permanent for models that come with modules: MLflow leaves these on `sys.path`, and a model may import more of them
    whenever it is called.
    """
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before or for_good


def _function(folder: Path) -> dict[str, Any]:
    """The settings of the flavour `python_function` in a model's `MLmodel` file."""
    if not is_model(folder):
        raise ArtifactError(
            f"{str(folder)!r} holds no model of MLflow's: expected a folder with a file {_FILE!r}, as mlflow.sklearn.save_model writes it"
        )
    import_mlflow()
    from mlflow.models import Model

    try:
        flavors = dict(Model.load(str(folder)).flavors)
    except Exception as error:
        raise ArtifactError(f"{str(folder / _FILE)!r} is damaged: {type(error).__name__}: {error}") from error
    function = flavors.get(_FUNCTION)
    if not isinstance(function, dict):
        raise ArtifactError(
            f"the model in {str(folder)!r} cannot be called as a Python function: expected the flavour {_FUNCTION!r}, "
            f"got {', '.join(map(repr, flavors)) or 'none'}"
        )
    return function


def import_mlflow() -> Any:
    """MLflow, imported with its telemetry turned off."""
    # MLflow reports its usage unless this is set before it is imported. A server should not contact anybody.
    os.environ.setdefault(_TELEMETRY, "true")
    import mlflow.pyfunc

    return mlflow

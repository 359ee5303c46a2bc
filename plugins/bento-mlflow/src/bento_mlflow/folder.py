"""Folders that MLflow saved models in: what one has to hold, and how it is loaded without asking a server or telling one."""

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
# A model that is code hands itself over in a global of MLflow's, so of two that are loaded at once both would be the later one.
_LOADING = threading.RLock()


def is_model(folder: object) -> bool:
    """Whether this is the path of a folder that looks as if MLflow had saved a model there."""
    return has_file(folder, _FILE)


def check_model(folder: Path) -> None:
    """Refuse, as an ArtifactError, a folder that has no model which MLflow can load as a Python function."""
    _function(folder)


def open_model(folder: Path) -> PyFuncModel:
    """Load the model of a folder; one that cannot be loaded is an ArtifactError."""
    function = _function(folder)
    pyfunc = import_mlflow().pyfunc
    try:
        with _LOADING, _no_bytecode(for_good=bool(function.get("code"))):
            # What MLflow would warn of are versions, which a bundle pins.
            model: PyFuncModel = pyfunc.load_model(str(folder), suppress_warnings=True)
    except Exception as error:
        raise ArtifactError(f"MLflow cannot load the model in {str(folder)!r}: {type(error).__name__}: {error}") from error
    return model


@contextmanager
def _no_bytecode(*, for_good: bool) -> Iterator[None]:
    """Keep Python from writing its cache between the bundle's files: of a model that is code, and, for good, of modules that come with one.

    MLflow leaves those on the path, and the model may import more of them whenever it is called.
    """
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before or for_good


def _function(folder: Path) -> dict[str, Any]:
    """What a model says of itself as a Python function."""
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
    """MLflow, told to tell nobody."""
    # MLflow tells its makers how it is used, unless it is told not to before it is imported. A server asks nobody and tells nobody.
    os.environ.setdefault(_TELEMETRY, "true")
    import mlflow.pyfunc

    return mlflow

"""The tests of `bento plugins mlflow --check`: the kit's tests for the format, with a function that MLflow saved as a model."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Any

from bento.testing import ArtifactTests

from .artifact import MlflowPyfuncArtifact
from .folder import import_mlflow, open_model

_MODEL = """
import mlflow


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[list[float]]):
        return [[2 * number for number in row] for row in model_input]


mlflow.models.set_model(Doubler())
"""


class TestMlflowPyfuncArtifact(ArtifactTests):
    """A model that is code, which needs no other package than MLflow."""

    artifact = MlflowPyfuncArtifact()
    max_examples = 20

    def model(self) -> Any:
        return Path(_saved().name, "model")

    def inputs(self) -> Any:
        return [[0.0, 1.0], [2.0, 3.0]]

    def predict(self, model: Any, inputs: Any) -> Any:
        return (open_model(model) if isinstance(model, Path) else model).predict(inputs)


@functools.cache
def _saved() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder that contains the model's folder, and is removed when this process ends."""
    place = tempfile.TemporaryDirectory()
    code = Path(place.name, "doubler.py")
    code.write_text(_MODEL)
    import_mlflow().pyfunc.save_model(str(code.with_name("model")), python_model=str(code), pip_requirements=[])
    return place

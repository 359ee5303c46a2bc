"""Folders that MLflow saved answer the same after loading, or are refused when they are saved."""

import functools
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import bento
from bento import ArtifactError
from bento.testing import ArtifactTests
from bento_mlflow import MlflowPyfuncArtifact
from bento_mlflow.checks import TestMlflowPyfuncArtifact
from bento_mlflow.folder import open_model
from refusals import refuses

__all__ = ["TestMlflowPyfuncArtifact"]

ROWS, SPECIES = load_iris(return_X_y=True)
PLACE = tempfile.TemporaryDirectory()


@functools.cache
def flowers() -> Path:
    folder = Path(PLACE.name, "flowers")
    mlflow.sklearn.save_model(LogisticRegression(max_iter=1000).fit(ROWS, SPECIES), folder, pip_requirements=["scikit-learn"])
    return folder


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: pd.DataFrame, params=None):
        return model_input * (params or {}).get("factor", 2)


@pytest.fixture
def doubler(tmp_path):
    folder = tmp_path / "doubler"
    mlflow.pyfunc.save_model(folder, python_model=Doubler(), pip_requirements=["pandas"])
    return folder


@pytest.fixture
def slot(tmp_path):
    slot = tmp_path / "slot"
    slot.mkdir()
    return slot


class TestScikitLearn(ArtifactTests):
    artifact = MlflowPyfuncArtifact()
    max_examples = 20

    def model(self):
        return flowers()

    def inputs(self):
        return ROWS[::10]

    def predict(self, model, inputs):
        return (mlflow.pyfunc.load_model(str(model)) if isinstance(model, Path) else model).predict(inputs)


def requirements(folder, text):
    (folder / "requirements.txt").write_text(text)
    return MlflowPyfuncArtifact().requirements_of(folder)


def test_a_users_own_function_is_loaded_with_its_parameters(doubler, slot):
    MlflowPyfuncArtifact().save(str(doubler), slot)
    table = pd.DataFrame({"a": [1, 2]})
    assert MlflowPyfuncArtifact().load(slot).predict(table)["a"].tolist() == [2, 4]


SCALER = """
import mlflow, meeting

class Scaler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input: list[float]):
        return [{factor} * number for number in model_input]

mlflow.models.set_model(Scaler())
meeting.wait()
"""


@pytest.fixture
def scalers(tmp_path, monkeypatch):
    """Two models from code; each waits while it is loaded until the other is being loaded too, but not for long."""
    monkeypatch.setitem(sys.modules, "meeting", SimpleNamespace(wait=lambda: None))
    for factor in (2, 3):
        (tmp_path / "scaler.py").write_text(SCALER.format(factor=factor))
        mlflow.pyfunc.save_model(tmp_path / str(factor), python_model=tmp_path / "scaler.py", pip_requirements=[])
    barrier = threading.Barrier(2, timeout=0.5)

    def wait():
        with suppress(threading.BrokenBarrierError):
            barrier.wait()

    monkeypatch.setitem(sys.modules, "meeting", SimpleNamespace(wait=wait))
    return [tmp_path / "2", tmp_path / "3"]


def test_two_models_that_are_loaded_at_once_stay_apart(scalers):
    with ThreadPoolExecutor(2) as pool:
        models = [*pool.map(open_model, scalers)]
    assert [model.predict([1.0]) for model in models] == [[2.0], [3.0]]
    assert "dbutils" not in sys.modules


def test_a_service_with_a_path_answers_before_it_is_saved():
    class Flowers(bento.Service):
        model = MlflowPyfuncArtifact()

        @bento.api
        def tell(self, rows):
            return self.model.predict(np.array(rows))

    service = Flowers(model=flowers())
    assert service.tell([[5.1, 3.5, 1.4, 0.2]]).tolist() == [0]
    assert service.model is service.model


def test_a_service_without_a_model_says_so():
    message = "Empty.model holds no model: pass one as Empty(model=...), or load a saved bundle"
    empty = type("Empty", (bento.Service,), {"model": MlflowPyfuncArtifact(), "tell": bento.api(lambda self, value: value)})
    refuses(lambda: object.__new__(empty).model, message)


def test_the_requirements_of_a_model_and_the_installed_mlflow_are_required(tmp_path):
    text = "mlflow==2.9.2\nscikit-learn==1.9.1  # as it was fitted\n\nMLflow_skinny>=1\nmlflow-extra==1\n"
    assert requirements(tmp_path, text) == ["mlflow-skinny", "scikit-learn==1.9.1", "mlflow-extra==1"]


def test_an_option_among_the_requirements_is_refused(tmp_path):
    path = str(tmp_path / "requirements.txt")
    message = f"{path!r} has '-c constraints.txt' in line 2: expected one requirement a line, and no options, since a bundle keeps"
    refuses(lambda: requirements(tmp_path, "pandas\n-c constraints.txt\n"), f"{message} requirements only")


def test_a_model_that_does_not_say_what_it_needs_is_refused(tmp_path):
    path = str(tmp_path / "requirements.txt")
    reason = f"[Errno 2] No such file or directory: {path!r}"
    message = f"cannot read {path!r}, which says what the model needs: {reason}: write one, if only an empty one"
    refuses(lambda: MlflowPyfuncArtifact().requirements_of(tmp_path), message)


def test_a_folder_of_something_else_is_refused(tmp_path, slot):
    message = (
        f"{str(tmp_path)!r} holds no model of MLflow's: expected a folder with a file 'MLmodel', as mlflow.sklearn.save_model writes it"
    )
    refuses(lambda: MlflowPyfuncArtifact().save(tmp_path, slot), message)


def test_a_model_without_the_python_function_flavour_is_refused(doubler, slot):
    described = yaml.safe_load((doubler / "MLmodel").read_text())
    (doubler / "MLmodel").write_text(yaml.safe_dump({**described, "flavors": {"spark": {}}}))
    message = f"the model in {str(doubler)!r} cannot be called as a Python function: expected the flavour 'python_function', got 'spark'"
    refuses(lambda: MlflowPyfuncArtifact().save(doubler, slot), message)


def test_a_link_in_the_folder_is_refused(doubler, slot):
    (doubler / "extra").symlink_to("/etc/hostname")
    with pytest.raises(ArtifactError, match="extra' is a link, which could lead anywhere"):
        MlflowPyfuncArtifact().save(doubler, slot)


def test_a_model_that_mlflow_itself_loaded_is_not_kept(doubler):
    assert not MlflowPyfuncArtifact().accepts(mlflow.pyfunc.load_model(str(doubler)))


def test_paths_are_accepted_and_texts_only_if_they_are_paths():
    accepted = [MlflowPyfuncArtifact().accepts(model) for model in (flowers(), str(flowers()), Path("missing"), "missing", "a" * 5000)]
    assert accepted == [True, True, True, False, False]


def test_a_pyfunc_runs_code_and_says_so():
    assert MlflowPyfuncArtifact.runs_code
    assert "mlflow" in sys.modules

"""From a script that has MLflow save a model to answers in another process."""

import json
import sys
from pathlib import Path

import pytest

import bento
from commands import BENTO, Commands

EXAMPLE = Path(__file__).parents[3] / "examples/athletes.py"
SERVICE = """
from pathlib import Path

import bento
from bento_mlflow import MlflowPyfuncArtifact


class Scaled(bento.Service):
    model = MlflowPyfuncArtifact()

    @bento.api
    def scale(self, rows: list[float]) -> list[float]:
        return self.model.predict(rows)


if __name__ == "__main__":
    import mlflow

    import scaling

    mlflow.pyfunc.save_model("model", python_model=scaling.Scaling(), code_paths=["scaling.py"], pip_requirements=["pandas"])
    bento.save(Scaled(model=Path("model")), version="1")
"""
SCALING = """
from mlflow.pyfunc import PythonModel


class Scaling(PythonModel):
    def predict(self, context, model_input: list[float], params=None) -> list[float]:
        return [value * 3 for value in model_input]
"""


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path, PYTHONDONTWRITEBYTECODE=None)


def test_the_example_saves_a_bundle_that_answers_and_requires_what_its_model_does(run, tmp_path):
    assert "saved athletes:" in run(sys.executable, EXAMPLE)
    manifest = bento.Store(tmp_path / "home").get(bento.Tag("athletes")).manifest
    assert [(entry.format, entry.runs_code) for entry in manifest.artifacts] == [("mlflow-pyfunc", True)]
    names = {line.partition("==")[0] for line in manifest.requirements}
    assert {"bento-mlflow", "bento-pandas", "mlflow-skinny", "scikit-learn", "skops"} <= names
    asked = json.dumps([{"Chins": 9, "Situps": 145, "Jumps": 70}])
    answer = json.loads(run(BENTO, "run", "athletes", "guess", "--input", asked))
    assert [list(row) for row in answer] == [["Weight", "Waist", "Pulse"]]
    assert 100 < answer[0]["Weight"] < 250


def test_a_model_with_modules_of_its_own_answers_elsewhere_and_leaves_the_bundle_whole(run, tmp_path):
    (tmp_path / "scaled.py").write_text(SERVICE)
    (tmp_path / "scaling.py").write_text(SCALING)
    run(sys.executable, "scaled.py")
    run(BENTO, "pack", "scaled:1", "archive", "scaled.bento")
    (tmp_path / "scaling.py").unlink()
    run(BENTO, "unpack", "scaled.bento", "--trust", home="elsewhere")
    for _ in range(2):
        assert json.loads(run(BENTO, "run", "scaled:1", "scale", "--input", "[1.5, 2.5]", home="elsewhere")) == [4.5, 7.5]
    assert "is whole" in run(BENTO, "verify", "scaled:1", home="elsewhere")


def test_importing_the_plugin_imports_no_framework(run):
    script = "import sys, bento_mlflow; bento_mlflow.MlflowPyfuncArtifact().requirements(); "
    assert run(sys.executable, "-c", f"{script}print([name for name in ('mlflow', 'numpy') if name in sys.modules])") == "[]\n"

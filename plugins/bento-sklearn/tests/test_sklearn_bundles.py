"""From a script that trains to an answer in another process, with the models of both artifacts."""

import json
import shutil
import sys
from pathlib import Path

import petals
import pytest
from sklearn.datasets import load_iris

import bento
from bento_sklearn.service import SklearnService
from commands import BENTO, Commands
from forking import programs

FLOWERS, SPECIES = load_iris(return_X_y=True)
PROJECT = Path(petals.__file__)


@pytest.fixture(scope="module")
def ready():
    """A folder with a `python` and a `bento` that have imported scikit-learn already, because importing it takes most of their time."""
    with programs(["sklearn.linear_model", "sklearn.pipeline", "sklearn.preprocessing", "skops.io"], "bento") as folder:
        yield folder


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path)


@pytest.mark.parametrize("artifact", ["SklearnArtifact(trusted=[Ratios, logarithm])", "SklearnPickleArtifact()"])
def test_a_script_with_its_own_transformer_is_saved_and_answers_elsewhere(run, ready, tmp_path, artifact):
    source = PROJECT.read_text().replace("SklearnArtifact(trusted=[Ratios, logarithm])", artifact)
    script = tmp_path / "blossoms.py"
    script.write_text(source.replace("import SklearnArtifact", "import SklearnArtifact, SklearnPickleArtifact"))
    run(ready / "python", script)
    script.unlink()
    told = run(ready / "bento", "run", "petals", "predict", "--input", json.dumps(FLOWERS[::30].tolist()))
    assert json.loads(told) == petals.fitted().predict(FLOWERS[::30]).tolist()


NAMED = """
import bento
from bento_sklearn import SklearnArtifact

class Named(bento.Service):
    model = SklearnArtifact(trusted=["petals.Ratios", "petals.logarithm"])

    @bento.api
    def predict(self, rows: list) -> list:
        return self.model.predict(rows).tolist()

if __name__ == "__main__":
    import petals

    bento.save(Named(model=petals.fitted()))
"""


def test_the_module_of_a_class_trusted_by_name_is_saved(run, ready, tmp_path):
    shutil.copy(PROJECT, tmp_path)
    (tmp_path / "named.py").write_text(NAMED)
    run(ready / "python", "named.py")
    (tmp_path / "petals.py").unlink()
    told = run(ready / "bento", "run", "named", "predict", "--input", json.dumps(FLOWERS[::30].tolist()))
    assert json.loads(told) == petals.fitted().predict(FLOWERS[::30]).tolist()


def test_a_script_can_load_what_it_saved(run, ready, tmp_path):
    script = tmp_path / "blossoms.py"
    script.write_text(f"{PROJECT.read_text()}    print(bento.load('petals').predict([[5.1, 3.5, 1.4, 0.2]]))\n")
    assert run(ready / "python", script) == "[0]\n"


TEXTS = """
import hashlib, pathlib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from bento_sklearn import SklearnArtifact
words = {"the", "a", "of", "and", "in"}
model = make_pipeline(FunctionTransformer(), TfidfVectorizer(stop_words=sorted(words)), LogisticRegression())
model.fit(["the cat", "a dog", "cats and dogs"], [0, 1, 1])
model.steps[0][1].kw_args = {"words": words}
SklearnArtifact().save(model, pathlib.Path("."))
print(hashlib.sha256(pathlib.Path("model.skops").read_bytes()).hexdigest())
"""


def test_equal_models_of_two_processes_are_equal_bytes(run):
    one, other = (run(sys.executable, "-c", TEXTS, PYTHONHASHSEED=seed) for seed in "12")
    assert one == other


def test_the_default_service_answers_with_the_model(run, tmp_path):
    model = petals.LogisticRegression(max_iter=1000).fit(FLOWERS, SPECIES)
    bento.save(SklearnService(model=model), store=bento.Store(tmp_path / "home"))
    told = run(BENTO, "run", "sklearn-service", "predict", "--input", json.dumps(FLOWERS[::30].tolist()))
    assert json.loads(told) == model.predict(FLOWERS[::30]).tolist()


def test_importing_the_plugin_imports_no_framework(run):
    script = "import sys, bento_sklearn; print([name for name in ('joblib', 'numpy', 'scipy', 'skops', 'sklearn') if name in sys.modules])"
    assert run(sys.executable, "-c", script) == "[]\n"


def test_saving_and_loading_a_model_imports_no_other_framework(run, tmp_path):
    (tmp_path / "torch.py").write_text("print('PyTorch is imported')")
    told = run(
        sys.executable,
        "-c",
        "import torch, sys; del sys.modules['torch']\n"
        "from sklearn.linear_model import Ridge; import bento\n"
        "bundle = bento.save(Ridge().fit([[0.0], [1.0]], [0.0, 1.0]), 'line')\n"
        "bento.load(bundle.tag).predict([[1.0]])\n"
        "print('saved')",
    )
    assert told.split("\n")[:2] == ["PyTorch is imported", "saved"]

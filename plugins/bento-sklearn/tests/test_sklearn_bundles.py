"""From a script that trains to an answer in another process, with the models of both artifacts."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import petals
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

import bento
from bento import ArtifactError
from bento_sklearn import SklearnArtifact
from bento_sklearn.service import SklearnService

FLOWERS, SPECIES = load_iris(return_X_y=True)
PROJECT = Path(petals.__file__)
README = Path(__file__).parents[1] / "README.md"
BENTO = Path(sys.executable).with_name("bento")


@pytest.fixture
def run(tmp_path):
    def run(*command):
        environment = {**os.environ, "BENTO_HOME": str(tmp_path / "home")}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("artifact", ["SklearnArtifact(trusted=[Ratios, logarithm])", "SklearnPickleArtifact()"])
def test_a_script_with_its_own_transformer_is_saved_and_answers_elsewhere(run, tmp_path, artifact):
    source = PROJECT.read_text().replace("SklearnArtifact(trusted=[Ratios, logarithm])", artifact)
    script = tmp_path / "blossoms.py"
    script.write_text(source.replace("import SklearnArtifact", "import SklearnArtifact, SklearnPickleArtifact"))
    run(sys.executable, script)
    script.unlink()
    told = run(BENTO, "run", "petals", "predict", "--input", json.dumps(FLOWERS[::30].tolist()))
    assert json.loads(told) == petals.fitted().predict(FLOWERS[::30]).tolist()


def test_a_script_can_load_what_it_saved(run, tmp_path):
    script = tmp_path / "blossoms.py"
    script.write_text(f"{PROJECT.read_text()}    print(bento.load('petals').predict([[5.1, 3.5, 1.4, 0.2]]))\n")
    assert run(sys.executable, script) == "[0]\n"


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


def test_equal_models_of_two_processes_are_equal_bytes(run, monkeypatch):
    told = []
    for seed in "12":
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        told.append(run(sys.executable, "-c", TEXTS))
    assert told[0] == told[1]


def test_the_default_service_answers_with_the_model(run, tmp_path):
    model = petals.LogisticRegression(max_iter=1000).fit(FLOWERS, SPECIES)
    bento.save(SklearnService(model=model), store=bento.Store(tmp_path / "home"))
    told = run(BENTO, "run", "sklearn-service", "predict", "--input", json.dumps(FLOWERS[::30].tolist()))
    assert json.loads(told) == model.predict(FLOWERS[::30]).tolist()


def blocks(language):
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    return [block for name, block in found if name == language]


def test_the_service_in_the_readme_runs_as_it_stands(run, tmp_path):
    (tmp_path / "iris.py").write_text(blocks("python")[0])
    for command in blocks("")[1].splitlines()[:2]:
        program, *arguments = shlex.split(command)
        told = run({"python": sys.executable, "bento": BENTO}[program], *arguments)
    assert json.loads(told) == [0]


def test_the_other_blocks_in_the_readme_run_too(run):
    beginning = (
        f"import bento, sys; sys.path.insert(0, {str(PROJECT.parent)!r})\nfrom petals import *\n"
        "fitted = LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True))\n"
    )
    assert run(sys.executable, "-c", beginning + "".join(blocks("python")[1:]) + "print(*bento.Store().list())").startswith("Bundle(")


def test_the_message_in_the_readme_is_the_one_that_is_shown(tmp_path):
    forest = RandomForestClassifier(n_estimators=3, random_state=0).fit(FLOWERS, SPECIES)
    with pytest.raises(ArtifactError) as refusal:
        SklearnArtifact().save(forest, tmp_path)
    assert str(refusal.value) == blocks("")[-1].strip()


def test_importing_the_plugin_imports_no_framework(run):
    script = "import sys, bento_sklearn; print([name for name in ('joblib', 'numpy', 'scipy', 'skops', 'sklearn') if name in sys.modules])"
    assert run(sys.executable, "-c", script) == "[]\n"

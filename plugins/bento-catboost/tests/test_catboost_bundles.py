"""From a script that trains to answers in other processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import catboost
import httpx
import pytest
from sklearn.datasets import load_iris

import bento

EXAMPLE = Path(__file__).parents[3] / "examples/patients.py"
BENTO = Path(sys.executable).with_name("bento")


@pytest.fixture
def environment(tmp_path):
    return {**os.environ, "BENTO_HOME": str(tmp_path / "home")}


@pytest.fixture
def run(tmp_path, environment):
    def run(*command):
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_example_saves_a_bundle_that_answers(run):
    assert "saved patients:" in run(sys.executable, EXAMPLE)
    near, far = json.loads(run(BENTO, "run", "patients", "progress", "--input", '[["woman", -0.05, 0.02], ["man", 0.1, null]]'))
    assert near < far
    assert "catboost" in run(BENTO, "show", "patients")


def test_importing_the_plugin_imports_no_framework(run):
    script = (
        "import sys, bento_catboost; print([name for name in ('catboost', 'numpy', 'pandas', 'scipy', 'sklearn') if name in sys.modules])"
    )
    assert run(sys.executable, "-c", script) == "[]\n"


def test_a_bare_model_is_served_by_many_workers(environment, tmp_path):
    flowers, species = load_iris(return_X_y=True)
    model = catboost.CatBoostClassifier(iterations=3, verbose=False, allow_writing_files=False).fit(flowers, species)
    bento.save(model, "flowers", store=bento.Store(tmp_path / "home"))
    environment.pop("OMP_NUM_THREADS", None)
    command = [BENTO, "serve", "flowers:latest", "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            address = next(line for line in server.stderr if " is ready on " in line).partition(" is ready on ")[2].split()[0]
            for _ in range(4):
                answer = httpx.post(f"{address}/predict", json=flowers[::15].tolist())
                assert answer.json() == model.predict(flowers[::15]).tolist()
            refused = httpx.post(f"{address}/predict", json=[[1.0, 2.0]])
            assert (refused.status_code, refused.json()["detail"]) == (422, "expected rows of 4 values, got [1.0, 2.0] at index 0")
        finally:
            server.terminate()
            server.stderr.read()

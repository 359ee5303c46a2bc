"""From a script that trains to answers in other processes."""

import json
import sys
from pathlib import Path

import catboost
import httpx
import pytest
from sklearn.datasets import load_iris

import bento
from commands import BENTO, Commands

EXAMPLE = Path(__file__).parents[3] / "examples/patients.py"


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path)


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


def test_a_bare_model_is_served_by_many_workers(run, tmp_path):
    flowers, species = load_iris(return_X_y=True)
    model = catboost.CatBoostClassifier(iterations=3, verbose=False, allow_writing_files=False).fit(flowers, species)
    bento.save(model, "flowers", store=bento.Store(tmp_path / "home"))
    with run.served("flowers:latest", "--workers", "2", OMP_NUM_THREADS=None) as server:
        for _ in range(4):
            answer = httpx.post(f"{server.url}/predict", json=flowers[::15].tolist(), timeout=60)
            assert answer.json() == model.predict(flowers[::15]).tolist()
        refused = httpx.post(f"{server.url}/predict", json=[[1.0, 2.0]], timeout=60)
        assert (refused.status_code, refused.json()["detail"]) == (422, "expected rows of 4 values, got [1.0, 2.0] at index 0")

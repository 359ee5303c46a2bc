"""From a script that trains to answers in another process."""

import json
import sys
from pathlib import Path

import pytest

import bento
from commands import BENTO, Commands

EXAMPLE = Path(__file__).parents[3] / "examples/biopsies.py"


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path)


def test_the_example_saves_a_bundle_that_answers_elsewhere(run, tmp_path):
    from sklearn.datasets import load_breast_cancer

    assert "saved biopsies:" in run(sys.executable, EXAMPLE)
    manifest = bento.Store(tmp_path / "home").get(bento.Tag("biopsies")).manifest
    kept = [(entry.format, entry.options, entry.runs_code) for entry in manifest.artifacts]
    assert kept == [("paddle", {"build": "biopsies:Network", "hidden": 16}, False)]
    assert manifest.artifacts[0].metadata["accuracy"] > 0.9
    names = {line.partition("==")[0] for line in manifest.requirements}
    assert {"bento-core", "bento-paddle", "paddlepaddle", "safetensors"} <= names
    cells, benign = load_breast_cancer(return_X_y=True)
    (tmp_path / "some.json").write_text(json.dumps(cells[:20].tolist()))
    answer = json.loads(run(BENTO, "run", "biopsies", "judge", "--input-file", "some.json"))
    right = [(chance < 0.5) == bool(truth) for chance, truth in zip(answer, benign[:20], strict=True)]
    assert sum(right) > 17


def test_importing_the_plugin_imports_no_framework(run):
    script = "import sys, bento_paddle; bento_paddle.PaddleArtifact('nets:Net', width=3).options(); "
    frameworks = "('numpy', 'paddle', 'safetensors')"
    shown = run(sys.executable, "-c", f"{script}print([name for name in {frameworks} if name in sys.modules])")
    assert shown == "[]\n"

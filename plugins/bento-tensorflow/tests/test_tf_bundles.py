"""From a script that trains to answers in another process."""

import json
import sys
from pathlib import Path

import pytest

import bento
from commands import BENTO, Commands

EXAMPLE = Path(__file__).parents[3] / "examples/ciphers.py"


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path, TF_CPP_MIN_LOG_LEVEL="3")


def test_the_example_saves_a_bundle_that_answers_elsewhere(run, tmp_path):
    from sklearn.datasets import load_digits

    assert "saved ciphers:" in run(sys.executable, EXAMPLE)
    manifest = bento.Store(tmp_path / "home").get(bento.Tag("ciphers")).manifest
    kept = [(entry.format, entry.options, entry.runs_code) for entry in manifest.artifacts]
    assert kept == [("saved-model", {"signatures": {"serving_default": "read"}}, True)]
    assert manifest.artifacts[0].metadata["accuracy"] > 0.9
    names = {line.partition("==")[0] for line in manifest.requirements}
    assert {"bento-core", "bento-tensorflow", "tensorflow"} <= names
    (tmp_path / "some.json").write_text(json.dumps({"instances": load_digits().data[:5].tolist()}))
    assert json.loads(run(BENTO, "run", "ciphers", "read", "--input-file", "some.json")) == [*range(5)]


def test_importing_the_plugin_imports_no_framework(run):
    script = (
        "import sys, bento_tensorflow; bento_tensorflow.SavedModelArtifact(signatures={'a': 'b'}).options(); "
        "bento_tensorflow.TfTensorAdapter(); print([name for name in ('numpy', 'keras', 'tensorflow') if name in sys.modules])"
    )
    assert run(sys.executable, "-c", script) == "[]\n"

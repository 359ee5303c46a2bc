"""From a script that trains to answers in another process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import bento

EXAMPLE = Path(__file__).parents[3] / "examples/ciphers.py"
BENTO = Path(sys.executable).with_name("bento")


def run(folder, *command):
    environment = {**os.environ, "BENTO_HOME": str(folder / "home"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_saves_a_bundle_that_answers_elsewhere(tmp_path):
    from sklearn.datasets import load_digits

    assert "saved ciphers:" in run(tmp_path, sys.executable, EXAMPLE)
    manifest = bento.Store(tmp_path / "home").get(bento.Tag("ciphers")).manifest
    kept = [(entry.format, entry.options, entry.runs_code) for entry in manifest.artifacts]
    assert kept == [("saved-model", {"signatures": {"serving_default": "read"}}, True)]
    assert manifest.artifacts[0].metadata["accuracy"] > 0.9
    names = {line.partition("==")[0] for line in manifest.requirements}
    assert {"bento-core", "bento-tensorflow", "tensorflow"} <= names
    (tmp_path / "some.json").write_text(json.dumps({"instances": load_digits().data[:5].tolist()}))
    assert json.loads(run(tmp_path, BENTO, "run", "ciphers", "read", "--input-file", "some.json")) == [*range(5)]


def test_importing_the_plugin_imports_no_framework(tmp_path):
    script = (
        "import sys, bento_tensorflow; bento_tensorflow.SavedModelArtifact(signatures={'a': 'b'}).options(); "
        "bento_tensorflow.TfTensorAdapter(); print([name for name in ('numpy', 'keras', 'tensorflow') if name in sys.modules])"
    )
    assert run(tmp_path, sys.executable, "-c", script) == "[]\n"

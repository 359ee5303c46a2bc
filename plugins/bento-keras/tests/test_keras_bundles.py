"""From a script that trains to answers in other processes, under the same back end or another one."""

import asyncio
import json
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import httpx
import keras
import nets
import numpy as np
import pytest

import bento
from bento_keras import KerasArtifact
from bento_keras.service import KerasService
from commands import BENTO, Commands

# From the variables of Keras under PyTorch.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

EXAMPLE = Path(__file__).parents[3] / "examples/numerals.py"


@pytest.fixture
def run(tmp_path):
    return Commands(tmp_path, PYTHONPATH=str(Path(nets.__file__).parent))


def test_the_example_saves_a_bundle_that_answers_under_the_back_end_that_it_was_saved_under(run, tmp_path, monkeypatch):
    assert "saved numerals:" in run(sys.executable, EXAMPLE)
    bundle = bento.Store(tmp_path / "home").get(bento.Tag("numerals"))
    assert [(entry.format, entry.options, entry.runs_code) for entry in bundle.manifest.artifacts] == [("keras", {}, False)]
    assert bundle.manifest.artifacts[0].metadata["accuracy"] > 0.9
    back_end = keras.backend.backend()
    pins = {f"{name}=={version(name).partition('+')[0]}" for name in ("bento-core", "bento-keras", "keras", back_end)}
    assert pins <= set(bundle.manifest.requirements)
    from sklearn.datasets import load_digits

    np.save(tmp_path / "some.npy", load_digits().images[:5])
    # Without a setting, Keras imports TensorFlow.
    monkeypatch.delenv("KERAS_BACKEND")
    assert json.loads(run(BENTO, "run", "numerals", "read", "--input-file", "some.npy")) == [*range(5)]


def ask(service, api, value):
    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(bento.app(service)), base_url="http://testserver") as client:
            return await client.post(f"/{api}", json=value)

    return asyncio.run(post())


def test_a_bare_model_answers_arrays_of_its_shape_and_says_what_that_is(tmp_path):
    KerasArtifact().save(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")]), tmp_path)
    service = KerasService(model=KerasArtifact().load(tmp_path))
    assert ask(service, "predict", [[1, 2], [3, 4]]).json() == [[3.0], [7.0]]
    refusal = ask(service, "predict", [[1, 2, 3]])
    assert (refusal.status_code, refusal.json()["detail"]) == (422, "expected an array of shape (n, 2), got (1, 3)")


def test_a_bare_model_of_a_class_of_its_own_takes_any_array():
    model = nets.Net(width=2)
    model(np.ones((1, 3), "float32"))
    answer = ask(KerasService(model=model), "predict", [[1, 2, 3]])
    assert np.allclose(answer.json(), model.predict_on_batch(np.array([[1, 2, 3]])), atol=1e-5)


def test_under_pytorch_an_api_records_no_gradients():
    with KerasArtifact().around():
        answer = keras.layers.Dense(1)(np.ones((1, 2)))
    assert not getattr(answer, "requires_grad", False)


ANSWER = """
import json, os, pathlib, sys
import numpy as np
from bento_keras import KerasArtifact
artifact = KerasArtifact(custom_objects=["nets:Net", "nets:Scale", "nets:Shift", "nets:halve"])
rows = np.ones((2, 3), "float32")
answers = artifact.load(pathlib.Path(sys.argv[1])).predict_on_batch(rows)
import keras
print(json.dumps([keras.backend.backend(), answers.tolist()]))
"""


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="needs TensorFlow as a second back end")
def test_another_back_end_answers_the_same(run, tmp_path):
    back_end = "tensorflow" if keras.backend.backend() == "torch" else "torch"
    model = nets.own()
    KerasArtifact(custom_objects=[nets.Net, nets.Scale, nets.Shift, nets.halve]).save(model, tmp_path)
    used, answers = json.loads(run(sys.executable, "-c", ANSWER, tmp_path, KERAS_BACKEND=back_end))
    assert used == back_end
    assert np.allclose(answers, model.predict_on_batch(np.ones((2, 3))), atol=1e-5)


@pytest.mark.skipif(find_spec("mlx") is not None, reason="needs a back end that is not installed")
def test_a_model_that_another_back_end_does_not_load_is_an_error_that_names_both(run, tmp_path):
    KerasArtifact().save(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), tmp_path)
    script = "import pathlib, sys; from bento_keras import KerasArtifact; KerasArtifact().load(pathlib.Path(sys.argv[1]))"
    refused = run.refused(sys.executable, "-c", script, tmp_path, KERAS_BACKEND="mlx")
    message = (
        f"which was saved under the back end {keras.backend.backend()!r}, and this is 'mlx': ValueError: Unable to import backend : mlx"
    )
    assert refused.endswith(f"{message}\n")


def test_importing_the_plugin_imports_no_framework(run):
    script = (
        "import sys, bento_keras; bento_keras.KerasArtifact(custom_objects=['nets:Net']).requirements(); "
        "print([name for name in ('numpy', 'h5py', 'keras', 'torch', 'nets') if name in sys.modules])"
    )
    assert run(sys.executable, "-c", script) == "[]\n"

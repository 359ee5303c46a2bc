"""The artifact keeps the contract, with models of every kind."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import keras
import nets
import numpy as np
import pytest

from bento.testing import ArtifactTests
from bento_keras import KerasArtifact
from bento_keras.checks import TestKerasArtifact
from bento_keras.known import CLASSES

__all__ = ["TestKerasArtifact"]

OWN = [nets.Net, nets.Scale, nets.Shift, "nets:halve"]

# From the variables of Keras under PyTorch.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")


class ModelTests:
    def predict(self, model, inputs):
        return model.predict_on_batch(inputs)

    def same(self, one, other):
        return one.dtype == other.dtype and one.shape == other.shape and np.allclose(one, other, atol=1e-6)


class TestConvolutions(ModelTests, ArtifactTests):
    artifact = KerasArtifact()
    max_examples = 25

    def model(self):
        return nets.trained()

    def inputs(self):
        return np.linspace(0, 16, 128, dtype=np.float32).reshape(2, 8, 8, 1)


class TestOwnModel(ModelTests, ArtifactTests):
    artifact = KerasArtifact(custom_objects=OWN)
    max_examples = 10

    def model(self):
        return nets.own()

    def inputs(self):
        return np.ones((2, 3), dtype=np.float32)


MODELS = {
    "sequence": (nets.sequence, np.array([[1, 2, 3, 0, 0], [9, 8, 7, 6, 5]])),
    "several": (nets.several, {"left": np.ones((2, 3)), "right": np.ones((2, 2))}),
    "half": (nets.half, np.ones((2, 3))),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_another_kind_answers_as_before(name, tmp_path):
    make, inputs = MODELS[name]
    model = make()
    KerasArtifact().save(model, tmp_path)
    answers, expected = KerasArtifact().load(tmp_path).predict_on_batch(inputs), model.predict_on_batch(inputs)
    assert all(map(np.allclose, keras.tree.flatten(answers), keras.tree.flatten(expected)))


def test_custom_objects_are_a_list_or_a_mapping_of_objects_or_of_their_names():
    listed = KerasArtifact(custom_objects=[nets.Net, "nets:halve"])
    mapped = KerasArtifact(custom_objects={"Net": "nets:Net", "halve": nets.halve})
    assert listed.options() == mapped.options() == {"custom_objects": {"Net": "nets:Net", "halve": "nets:halve"}}
    assert KerasArtifact(custom_objects=[]).options() == {}


def entries(folder):
    with ZipFile(folder / "model.keras") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_modules_of_custom_objects_are_saved_in_the_bundle():
    assert KerasArtifact(custom_objects=[nets.Net, "shop.layers:Scale", "nets:halve"]).modules_of(nets.Net()) == ["nets", "shop.layers"]


def test_the_optimizer_and_loss_of_a_model_are_left_out(tmp_path):
    model = nets.trained()
    model.save(tmp_path / "all.keras")
    KerasArtifact().save(model, tmp_path)
    assert (tmp_path / "model.keras").stat().st_size < (tmp_path / "all.keras").stat().st_size
    assert b"compile" not in entries(tmp_path)["config.json"]
    assert b"optimizer" not in entries(tmp_path)["model.weights.h5"]
    assert not KerasArtifact().load(tmp_path).compiled
    assert model.compiled


def test_equal_models_of_two_processes_give_equal_bytes(tmp_path):
    script = "import pathlib, sys, nets, bento_keras; bento_keras.KerasArtifact().save(nets.convolutions(), pathlib.Path(sys.argv[1]))"
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        environment = {**os.environ, "PYTHONPATH": str(Path(nets.__file__).parent)}
        subprocess.run([sys.executable, "-c", script, tmp_path / name], env=environment, check=True)
    assert entries(tmp_path / "one") == entries(tmp_path / "other")
    assert (tmp_path / "one/model.keras").read_bytes() == (tmp_path / "other/model.keras").read_bytes()


def test_a_large_model_is_not_unpacked_beside_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr("keras.src.saving.saving_lib.is_memory_sufficient", lambda model: False)
    KerasArtifact().save(keras.Sequential([keras.Input((4300,)), keras.layers.Dense(4000, kernel_initializer="ones")]), tmp_path)
    before = tmp_path.stat().st_mtime_ns
    assert KerasArtifact().load(tmp_path).count_params() == 4301 * 4000
    assert tmp_path.stat().st_mtime_ns == before


def test_every_layer_of_keras_is_either_allowed_or_could_run_code_of_a_file():
    """If a release of Keras adds layers, somebody has to look at what they do."""
    public = {getattr(keras.layers, name) for name in dir(keras.layers) if isinstance(getattr(keras.layers, name), type)}
    layers = {kind for kind in public if issubclass(kind, keras.Layer)}
    unknown = layers - {getattr(keras.layers, name) for name in CLASSES["keras.layers"]}
    assert sorted(kind.__name__ for kind in unknown) == [
        *("FlaxLayer", "JaxLayer", "Lambda", "Layer", "TFSMLayer", "TorchModuleWrapper", "Wrapper"),
    ]

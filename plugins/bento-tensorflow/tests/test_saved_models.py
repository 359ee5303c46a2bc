"""Programs, saved and loaded."""

from pathlib import Path

import programs
import pytest
import tensorflow as tf

import bento
from bento import DefinitionError
from bento_tensorflow import SavedModelArtifact
from bento_tensorflow.checks import TestSavedModelArtifact
from refusals import refuses

__all__ = ["TestSavedModelArtifact"]

SIGNATURES = {"serving_default": "predict", "words": "count"}


@pytest.fixture
def loaded(tmp_path):
    SavedModelArtifact(signatures=SIGNATURES).save(programs.Line(), tmp_path)
    return SavedModelArtifact().load(tmp_path)


def test_a_loaded_program_has_its_signatures_its_functions_and_its_tables(loaded):
    answer = loaded.signatures["serving_default"](rows=tf.constant([[1.0, 2.0]]))
    assert answer["sums"].numpy().tolist() == [6.0]
    assert loaded.count(tf.constant(["two", "three"])).numpy().tolist() == [2.0, 0.0]


def test_a_loaded_program_can_be_saved_again_with_its_signatures(loaded, tmp_path):
    again = tmp_path / "again"
    again.mkdir()
    SavedModelArtifact().save(loaded, again)
    assert sorted(SavedModelArtifact().load(again).signatures) == ["serving_default", "words"]


def test_a_program_runs_code_and_says_so():
    assert SavedModelArtifact.runs_code


class Lines(bento.Service):
    model = SavedModelArtifact()


def test_the_folder_of_a_program_is_refused_with_the_way_out(tmp_path):
    tf.saved_model.save(programs.Line(), str(tmp_path))
    fault = f"Lines.model is a SavedModelArtifact, which does not keep the str {str(tmp_path)!r:.80}"
    message = f"{fault}: pack what tf.saved_model.load({str(tmp_path)!r}) gives"
    refuses(lambda: Lines(model=str(tmp_path)), message)
    refuses(lambda: Lines(model="elsewhere"), "Lines.model is a SavedModelArtifact, which does not keep the str 'elsewhere'")


def test_signatures_that_are_not_names_are_refused():
    message = "expected SavedModelArtifact(signatures={'serving_default': 'predict'}) with names of the model's functions, got {'a': 1}"
    refuses(lambda: SavedModelArtifact(signatures={"a": 1}), message, DefinitionError)


@pytest.mark.parametrize("name", ["plain", "missing"])
def test_a_signature_that_is_not_a_function_of_the_program_is_refused(name):
    message = f"this programs.Line has no tf.function {name!r}, which is to be a signature"
    refuses(lambda: SavedModelArtifact(signatures={"serving_default": name}).save(programs.Line(), Path("/nowhere")), message)


@pytest.mark.parametrize("name", ["tf_serving_warmup_requests", "sums.json"])
def test_a_file_that_was_added_is_refused_before_tensorflow_sees_it(tmp_path, name):
    SavedModelArtifact().save(programs.Line(), tmp_path)
    added = tmp_path / "model/assets.extra"
    added.mkdir()
    (added / name).write_text("x")
    path = str(added / name)
    refuses(lambda: SavedModelArtifact().load(tmp_path), f"{path!r} is damaged: it is not as it was saved")

"""FileArtifact: a file or folder goes along, and nothing else with it."""

import os
import re
from pathlib import Path

import pytest

import bento
from bento import ArtifactError, DefinitionError
from bento.artifacts import FileArtifact
from bento.testing import ArtifactTests

SOURCES = Path(__file__).parent


class TestOneFile(ArtifactTests):
    artifact = FileArtifact(suffix=".py")

    def model(self):
        return SOURCES / "test_file_artifact.py"

    def inputs(self):
        return None

    def predict(self, model, inputs):
        return model.name, model.read_bytes()


class TestOneFolder(ArtifactTests):
    artifact = FileArtifact()

    def model(self):
        return SOURCES.parent / "typing"

    def inputs(self):
        return None

    def predict(self, model, inputs):
        return {str(file.relative_to(model)): file.read_bytes() for file in model.rglob("*") if file.is_file()}


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "graph.onnx").write_bytes(b"graph")
    return folder


@pytest.fixture
def slot(tmp_path):
    folder = tmp_path / "slot"
    folder.mkdir()
    return folder


def refused(model, slot, message, artifact=None):
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        (artifact or FileArtifact()).save(model, slot)


def test_a_relative_path_is_kept_under_its_own_name(source, slot, monkeypatch):
    monkeypatch.chdir(source)
    FileArtifact().save(Path("../source"), slot)
    assert FileArtifact().load(slot) == slot / "source"
    assert (slot / "source/graph.onnx").read_bytes() == b"graph"


@pytest.mark.parametrize("name", ["graph.onnx", "."])
def test_a_link_is_refused(source, slot, name):
    (source / "link").symlink_to(source / name)
    message = f"{str(source / 'link')!r} is a link, which could lead anywhere: copy what it leads to in its place, as cp -rL does"
    refused(source, slot, message)
    refused(source / "link", slot, message)


def test_a_pipe_is_refused(source, slot):
    os.mkfifo(source / "pipe")
    refused(source, slot, f"{str(source / 'pipe')!r} is neither a file nor a folder")


def test_a_path_given_as_text_is_refused():
    class Words(bento.Service):
        lexicon = FileArtifact()

    with pytest.raises(ArtifactError) as caught:
        Words(lexicon="words/en")
    assert str(caught.value) == (
        "Words.lexicon is a FileArtifact, which does not keep the str 'words/en': pass it as pathlib.Path('words/en')"
    )


def test_a_path_that_is_not_there_is_refused(source, slot):
    refused(source / "nowhere", slot, f"no file or folder {str(source / 'nowhere')!r}: No such file or directory")


def test_a_folder_without_files_is_refused(source, slot):
    (source / "empty/emptier").mkdir(parents=True)
    refused(source / "empty", slot, f"the folder {str(source / 'empty')!r} holds no files")


def test_a_folder_is_never_copied_into_itself(source):
    (source / "slot").mkdir()
    refused(
        source,
        source / "slot",
        f"cannot keep {str(source)!r}, which the bundle is written into: choose a folder that holds the model alone",
    )


def test_a_name_without_the_suffix_is_refused(source, slot):
    refused(source / "graph.onnx", slot, "expected a name that ends in '.gguf', got 'graph.onnx'", FileArtifact(suffix=".gguf"))


@pytest.mark.parametrize("suffix", ["onnx", "", "./onnx", 3])
def test_a_suffix_is_the_end_of_a_file_name(suffix):
    message = f"expected FileArtifact(suffix=...) with the end of a file name like '.onnx', got {suffix!r}"
    with pytest.raises(DefinitionError, match=f"^{re.escape(message)}$"):
        FileArtifact(suffix=suffix)


def test_a_slot_holds_one_file_or_folder(slot):
    (slot / "one").touch()
    (slot / "two").touch()
    with pytest.raises(ArtifactError, match=f"^{re.escape(f'expected one file or folder in {str(slot)!r}, got 2')}$"):
        FileArtifact().load(slot)


def test_a_loaded_folder_without_files_is_refused(slot):
    (slot / "empty").mkdir()
    with pytest.raises(ArtifactError, match=f"^the folder {re.escape(repr(str(slot / 'empty')))} holds no files$"):
        FileArtifact().load(slot)


def test_a_missing_folder_of_a_slot_is_refused(slot):
    message = f"cannot read {str(slot / 'nowhere')!r}, which the model was saved in: No such file or directory"
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        FileArtifact().load(slot / "nowhere")

"""TextArtifact: text, to the last line end."""

import re

import pytest

from bento import ArtifactError
from bento.artifacts import TextArtifact
from bento.testing import ArtifactTests


class TestTextArtifact(ArtifactTests):
    artifact = TextArtifact()

    def model(self):
        return "Antworte kurz:\r\n{question}\n\N{FACE WITH TEARS OF JOY}\0"

    def inputs(self):
        return None


class Prompt(str):
    """A text of a type of its own, which loading would not restore."""


@pytest.mark.parametrize("model", [b"text", Prompt("text"), ["text"]])
def test_only_plain_text_is_accepted(model):
    assert not TextArtifact().accepts(model)


def test_half_a_surrogate_pair_is_refused(tmp_path):
    message = "expected text, got '\\ud800' at index 2: half a surrogate pair is not a character"
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        TextArtifact().save("ab\ud800", tmp_path)


def test_a_file_that_is_not_text_is_refused_by_name(tmp_path):
    path = tmp_path / "model.txt"
    path.write_bytes(b"\xff")
    message = f"{str(path)!r} is not UTF-8 text: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        TextArtifact().load(tmp_path)

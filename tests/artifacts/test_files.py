"""What is asked of a path that is passed in place of a model."""

from pathlib import Path

import pytest

from bento.artifacts import has_file, suffix_of


@pytest.mark.parametrize(
    ("model", "suffix"), [("net.ONNX", ".onnx"), (Path("old/net.tar.gz"), ".gz"), ("net", ""), ("", ""), (b"net.onnx", ""), (None, "")]
)
def test_a_path_ends_as_its_name_does_and_nothing_else_ends(model, suffix):
    assert suffix_of(model) == suffix


def test_a_folder_has_a_file_of_a_name_and_nothing_else_has(tmp_path):
    (tmp_path / "config.json").touch()
    assert has_file(tmp_path, "config.json")
    assert has_file(str(tmp_path), "config.json")
    assert not any(has_file(model, "config.json") for model in (tmp_path / "other", "", "no path " * 1000, "no\0path", None, ["."]))

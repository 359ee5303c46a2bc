"""The questions that formats ask about a path passed in place of a model."""

from pathlib import Path

import pytest

from bento.artifacts import has_file, suffix_of


@pytest.mark.parametrize(
    ("model", "suffix"), [("net.ONNX", ".onnx"), (Path("old/net.tar.gz"), ".gz"), ("net", ""), ("", ""), (b"net.onnx", ""), (None, "")]
)
def test_only_a_path_has_a_suffix(model, suffix):
    assert suffix_of(model) == suffix


def test_only_a_folder_can_contain_a_named_file(tmp_path):
    (tmp_path / "config.json").touch()
    assert has_file(tmp_path, "config.json")
    assert has_file(str(tmp_path), "config.json")
    assert not any(has_file(model, "config.json") for model in (tmp_path / "other", "", "no path " * 1000, "no\0path", None, ["."]))

"""JsonArtifact: exact values, canonical bytes, and clear errors for values that are not JSON."""

import enum
import re

import pytest

from bento import ArtifactError
from bento.artifacts import JsonArtifact
from bento.testing import ArtifactTests


class TestJsonArtifact(ArtifactTests):
    artifact = JsonArtifact()

    def model(self):
        return {"labels": ["setosa", "virginica"], "threshold": 0.1, "größe": None, "big": 2**80, "nested": [{"deep": [True, -0.0]}]}

    def inputs(self):
        return None


class Colour(enum.StrEnum):
    RED = "red"


def test_equal_values_give_equal_bytes(tmp_path):
    for name, model in ("one", {"b": 1, "a": [0.5]}), ("two", {"a": [0.5], "b": 1}):
        (tmp_path / name).mkdir()
        JsonArtifact().save(model, tmp_path / name)
    assert (tmp_path / "one/model.json").read_bytes() == (tmp_path / "two/model.json").read_bytes() == b'{"a":[0.5],"b":1}'


@pytest.mark.parametrize("model", [(1, 2), {1}, b"bytes", Colour.RED, 1j])
def test_only_the_types_that_come_back_are_accepted(model):
    assert not JsonArtifact().accepts(model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"a": [1, (2,)]}, "expected a JSON value at $.a[1], got a tuple: use lists, dicts, texts, numbers and None"),
        ([float("nan")], "expected a JSON value at $[0], got nan: JSON has no such number, use None"),
        ({"a": {3: "x"}}, "expected a text as a key at $.a, got the int 3: write '3'"),
        (
            ["\ud800"],
            (
                "expected a JSON value, got one that cannot be written: "
                "'utf-8' codec can't encode character '\\ud800' in position 2: surrogates not allowed"
            ),
        ),
    ],
)
def test_a_value_that_is_not_json_is_refused_with_its_place(tmp_path, model, message):
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        JsonArtifact().save(model, tmp_path)


def test_a_value_that_contains_itself_is_refused(tmp_path):
    model = []
    model.append(model)
    with pytest.raises(ArtifactError, match=r"^expected a JSON value, got one that is nested too deeply or holds itself$"):
        JsonArtifact().save(model, tmp_path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"[NaN]", "NaN is not a JSON number"),
        (b"[1e999]", "1e999 is larger than any float"),
        (b'{"a":1,"a":2}', "an object has the same key twice"),
        (b"[1] 2", "Extra data: line 1 column 5 (char 4)"),
        (b'"\xff"', "'utf-8' codec can't decode byte 0xff in position 1: invalid start byte"),
        (b"", "Expecting value: line 1 column 1 (char 0)"),
        (b"[" * 100_000, "maximum recursion depth exceeded while decoding a JSON array from a unicode string"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, content, fault):
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=f"^{re.escape(f'{str(path)!r} is damaged: {fault}')}$"):
        JsonArtifact().load(tmp_path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    path = tmp_path / "model.json"
    message = f"cannot read {str(path)!r}, which the model was saved in: No such file or directory"
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        JsonArtifact().load(tmp_path)


def test_a_link_in_the_place_of_a_file_is_refused(tmp_path):
    path = tmp_path / "model.json"
    path.symlink_to("/etc/passwd")
    message = f"{str(path)!r} is not a file: expected one that the model was saved in, not a link or a folder"
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        JsonArtifact().load(tmp_path)

"""PickleArtifact: any object, its large buffers mapped, its stream checked before it is unpickled."""

import collections
import json
import re
import subprocess
import sys
import threading

import numpy as np
import pytest

from bento import ArtifactError
from bento.artifacts import PickleArtifact
from bento.testing import ArtifactTests

Model = collections.namedtuple("Model", "weights names")


class TestPickleArtifact(ArtifactTests):
    artifact = PickleArtifact()

    def model(self):
        return collections.Counter(a=3, b=1), np.arange(4000.0)

    def inputs(self):
        return None


def saved(model, folder):
    PickleArtifact().save(model, folder)
    return PickleArtifact().load(folder)


def test_large_arrays_lie_beside_the_stream_and_stay_writable(tmp_path):
    model = saved([np.arange(1000.0), np.arange(3000, dtype="u1"), np.arange(5000, dtype="u1")], tmp_path)
    assert json.loads((tmp_path / "index.json").read_bytes())["buffers"] == [8000, 5000]
    model[0][0] = 7.0
    assert PickleArtifact().load(tmp_path)[0][0] == 0.0


def test_a_read_only_array_comes_back_read_only(tmp_path):
    array = np.arange(1000.0)
    array.flags.writeable = False
    assert not saved(array, tmp_path).flags.writeable


@pytest.mark.parametrize("model", [json, (i for i in ())])
def test_a_value_that_no_pickle_can_hold_is_not_accepted(model):
    assert not PickleArtifact().accepts(model)


def local():
    class Local:
        """A class that nobody can import."""

    return Local()


@pytest.mark.parametrize(
    ("model", "beginning"),
    [
        (lambda: 0, "cannot pickle the function: Can't pickle <function <lambda> "),
        (local(), f"cannot pickle the {__name__}.local.<locals>.Local: Can't "),
        (threading.Lock(), "cannot pickle the _thread.lock: cannot pickle '_thread.lock' object"),
    ],
)
def test_a_model_that_cannot_be_pickled_is_refused_with_the_way_out(tmp_path, model, beginning):
    advice = ": functions and classes are pickled by name, so define them at the top of a module instead of in a function or as a lambda"
    with pytest.raises(ArtifactError, match=f"^{re.escape(beginning)}.*{re.escape(advice)}$"):
        PickleArtifact().save(model, tmp_path)


def test_an_instance_of_a_class_that_was_imported_again_is_refused_with_the_way_out(tmp_path, monkeypatch):
    model = [Gone()]
    monkeypatch.setitem(globals(), "Gone", type("Gone", (), {}))
    message = (
        f"cannot pickle the list: Can't pickle <class '{__name__}.Gone'>: it's not the same object as {__name__}.Gone: "
        "functions and classes are pickled by name, and this module has been imported again since then: make the model again"
    )
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        PickleArtifact().save(model, tmp_path)


@pytest.mark.parametrize("model", [["__main__"], {"a": "defined in __main__"}])
def test_a_text_that_names_the_script_is_kept(tmp_path, model):
    assert saved(model, tmp_path) == model


def test_a_class_that_only_the_running_script_defines_is_refused(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import pathlib, sys\n"
        "from bento.artifacts import PickleArtifact\n"
        "class Model: pass\n"
        "try: PickleArtifact().save([Model()], pathlib.Path(sys.argv[1]))\n"
        "except Exception as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=True).stdout
    assert said == "Model is defined in the running script or notebook, which no bundle can import: move it to a module\n"


class Canary:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "x")


def test_a_pickle_that_does_not_match_its_index_is_never_unpickled(tmp_path):
    PickleArtifact().save([1, 2], tmp_path)
    (tmp_path / "other").mkdir()
    PickleArtifact().save(Canary(str(tmp_path / "canary")), tmp_path / "other")
    (tmp_path / "model.pickle").write_bytes((tmp_path / "other/model.pickle").read_bytes())
    message = f"{str(tmp_path / 'model.pickle')!r} is damaged: it is not what its index.json describes"
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        PickleArtifact().load(tmp_path)
    assert not (tmp_path / "canary").exists()


class Gone:
    """Is gone when its pickle is loaded."""


def test_a_pickle_whose_class_is_gone_says_so(tmp_path, monkeypatch):
    PickleArtifact().save(Gone(), tmp_path)
    monkeypatch.delitem(globals(), "Gone")
    beginning = f"cannot unpickle {str(tmp_path / 'model.pickle')!r}: AttributeError: Can't get attribute 'Gone' on "
    with pytest.raises(ArtifactError, match=f"^{re.escape(beginning)}"):
        PickleArtifact().load(tmp_path)


@pytest.mark.parametrize(
    "index", [[], {}, {"sha256": 3, "buffers": []}, {"sha256": "x", "buffers": [0]}, {"sha256": "x", "buffers": [True]}]
)
def test_a_damaged_index_is_refused_by_name(tmp_path, index):
    PickleArtifact().save([1, 2], tmp_path)
    (tmp_path / "index.json").write_text(json.dumps(index))
    message = f"{str(tmp_path / 'index.json')!r} is damaged: expected a digest and the sizes of the buffers"
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        PickleArtifact().load(tmp_path)


def test_buffers_of_another_size_are_refused_by_name(tmp_path):
    PickleArtifact().save(np.arange(1000.0), tmp_path)
    (tmp_path / "buffers.bin").write_bytes(b"short")
    message = f"{str(tmp_path / 'buffers.bin')!r} is damaged: it has 5 bytes, not the 8000 that the buffers take"
    with pytest.raises(ArtifactError, match=f"^{re.escape(message)}$"):
        PickleArtifact().load(tmp_path)

"""The artifact kit catches each fault of a deliberately bad artifact, by the test that is named for it, and says what to do."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import bento
import lines
from bento import ArtifactError
from bento.adapters import ArrayAdapter
from bento.artifacts import JsonArtifact, read_json, slot_file, write_json
from bento.testing import ArtifactTests, check
from lines import Line


class LineArtifact(lines.LineArtifact):
    """A good artifact, with an option and a service for a model without a class."""

    def __init__(self, *, digits=None):
        self.digits = digits

    def options(self):
        return {} if self.digits is None else {"digits": self.digits}

    def default_service(self):
        return LineService


class LineService(bento.Service):
    model = LineArtifact()

    @bento.api(input=ArrayAdapter(shape=(None,), dtype="float64"))
    def predict(self, values):
        return self.model.predict(values.tolist())


class LineTests(lines.LineTests):
    max_examples = 100


class TestLineArtifact(LineTests):
    artifact = LineArtifact(digits=3)


def of(artifact):
    """The kit's tests for an artifact that another process need not find."""
    return type("TestBad", (LineTests,), {"artifact": artifact})


def advice(tests, test):
    """The advice that a test of the kit gives a bad artifact."""
    with pytest.raises(AssertionError) as error:
        getattr(tests(), test)()
    return str(error.value)


def bad(**members):
    return type("BadArtifact", (LineArtifact,), members)


def refuses(test, beginning, **members):
    assert advice(of(bad(**members)()), test).startswith(beginning)


def test_a_good_artifact_passes_every_test_of_the_kit():
    assert {name: error for name, error in check(TestLineArtifact).items() if error} == {}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"name": "My Line"}, "BadArtifact.name is 'My Line': use a-z, 0-9 and '-'"),
        ({"framework": "scikit-learn"}, "BadArtifact.framework is 'scikit-learn': give the name it is imported by"),
        ({"runs_code": "no"}, "BadArtifact.runs_code is 'no': use True or False"),
    ],
)
def test_a_class_that_says_something_impossible_is_reported(members, message):
    assert advice(of(bad(**members)()), "test_the_class_says_what_it_is") == message


def test_a_class_that_is_not_called_an_artifact_is_reported():
    tests = of(type("Line2", (LineArtifact,), {})())
    assert advice(tests, "test_the_class_says_what_it_is") == "Line2 is an artifact: end its name in Artifact"


def test_an_artifact_that_refuses_its_own_model_is_reported():
    refuses("test_the_model_is_accepted", "accepts() does not return True for model(), a ", accepts=lambda self, model: False)


@pytest.mark.parametrize(
    ("accepts", "message"),
    [
        (lambda self, model: True, "accepts() takes the NoneType None, which cannot be kept: AttributeError: "),
        (lambda self, model: isinstance(model, int), "accepts() takes the bool True, which cannot be kept: AttributeError: "),
        (
            lambda self, model: hasattr(model, "slope"),
            "accepts() of a bento.testing._child.Broken raises RuntimeError: asked for slope: ask for",
        ),
        (lambda self, model: model and type(model) is Line, "accepts() of a NoneType returns None: return True or False"),
    ],
)
def test_an_artifact_that_accepts_what_it_cannot_keep_is_reported(accepts, message):
    refuses("test_what_is_accepted_is_kept", message, accepts=accepts)


def test_an_artifact_that_changes_what_it_accepts_is_reported():
    class BadArtifact(JsonArtifact):
        def accepts(self, model):
            return isinstance(model, list | tuple)

        def save(self, model, folder):
            super().save(list(model), folder)

    message = "accepts() takes the tuple (), which comes back as []: accept only what comes back"
    assert advice(of(BadArtifact()), "test_what_is_accepted_is_kept") == message


def test_an_artifact_that_loses_half_the_model_is_reported():
    refuses(
        "test_a_saved_model_answers_as_before",
        "the loaded model answers [0.0, 3.0], the one that was packed [1.0, 4.0]: keep all that predict() depends on",
        save=lambda self, model, folder: write_json(folder / "line.json", [model.slope, 0.0]),
    )


def save_place(self, model, folder):
    write_json(folder / "line.json", [model.slope, model.intercept])
    write_json(folder / "place.json", str(folder))


def load_place(self, folder):
    return LineArtifact.load(self, Path(read_json(folder / "place.json")))


def test_an_artifact_that_remembers_where_it_saved_is_reported():
    tests = of(bad(save=save_place, load=load_place)())
    with pytest.raises(ArtifactError, match="No such file or directory"):
        tests().test_a_moved_folder_loads()


class LazyLine(Line):
    """Reads its file only when the model is asked."""

    def __init__(self, path):
        self.path = path

    def predict(self, inputs):
        return Line(*json.loads(self.path.read_text())).predict(inputs)


def test_an_artifact_that_depends_on_the_current_folder_is_reported():
    tests = of(bad(load=lambda self, folder: LazyLine(folder / "line.json"))())
    with pytest.raises(FileNotFoundError):
        tests().test_loading_depends_on_no_current_folder()


@pytest.mark.parametrize(
    ("save", "message"),
    [
        (lambda model, folder: write_json(folder.parent / "line.json", []), "save() wrote no file into its folder"),
        (
            lambda model, folder: (folder / "link").symlink_to("/etc/hosts"),
            "save() made link, which no bundle takes along: write plain files",
        ),
        (
            lambda model, folder: [(folder / "a").touch(), (folder.parent / "cache").touch()],
            "save() wrote cache outside its folder",
        ),
        (lambda model, folder: [(folder / "a").touch(), Path("debug.log").touch()], "save() wrote debug.log outside its folder"),
    ],
)
def test_an_artifact_that_writes_elsewhere_is_reported(save, message):
    refuses("test_saving_writes_only_in_its_folder", message, save=lambda self, model, folder: save(model, folder))


def test_an_artifact_that_writes_the_time_is_reported():
    refuses(
        "test_saving_twice_gives_the_same_bytes",
        "saving one model twice gave different bytes in time: write no times",
        save=lambda self, model, folder: (folder / "time").write_text(str(time.perf_counter_ns())),
    )


def test_an_artifact_that_changes_the_model_it_saves_is_reported():
    refuses(
        "test_saving_does_not_change_the_model",
        "the model that was saved answers [1.0, 1.0], the one that was packed [1.0, 4.0]: ",
        save=lambda self, model, folder: setattr(model, "slope", 0.0),
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "cache").touch(), "load() changes files or writes new ones: open them read-only"),
        (lambda folder: os.utime(folder / "line.json", (1, 1)), "load() changes files or writes new ones: open them read-only"),
        (lambda folder: Path("cache").touch(), "load() writes into the current folder"),
    ],
)
def test_an_artifact_that_writes_when_it_loads_is_reported(spoil, message):
    def load(self, folder):
        with contextlib.suppress(PermissionError):
            spoil(folder)
        return LineArtifact.load(self, folder)

    tests = of(bad(load=load)())
    if os.geteuid() and "changes" in message:
        pytest.skip("only root can write into a read-only folder")
    assert advice(tests, "test_loading_changes_no_file") == message


class WritableArtifact(LineArtifact):
    """Opens its file for writing, although it only reads."""

    def load(self, folder):
        with (folder / "line.json").open("r+b" if os.access(folder / "line.json", os.W_OK) else "rb"):
            return super().load(folder)


class TestsOfWritable(LineTests):
    __test__ = False
    artifact = WritableArtifact()


def test_an_artifact_that_opens_its_files_for_writing_is_reported():
    message = advice(TestsOfWritable, "test_loading_changes_no_file")
    assert message.startswith("load() opens /")
    assert message.endswith("slot/line.json for writing: open it read-only")


class ProbingArtifact(LineArtifact):
    """Loads with a framework that looks for a folder for its temporary files when it is imported."""

    def load(self, folder):
        import probing_framework  # noqa: F401

        return super().load(folder)


class TestsOfProbing(LineTests):
    __test__ = False
    artifact = ProbingArtifact()


def test_files_that_a_framework_writes_on_import_are_not_blamed_on_the_artifact(tmp_path, monkeypatch):
    (tmp_path / "probing_framework.py").write_text("import tempfile\ntempfile.TemporaryFile().close()\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "probing_framework", raising=False)
    assert check(TestsOfProbing)["test_loading_changes_no_file"] is None


def test_an_artifact_that_fails_in_its_own_way_without_a_file_is_reported():
    refuses(
        "test_a_missing_file_is_refused",
        "without 'line.json', load() raises FileNotFoundError: ",
        load=lambda self, folder: Line(*json.loads((folder / "line.json").read_text())),
    )


def test_an_artifact_that_makes_a_model_of_nothing_is_reported():
    def load(self, folder):
        return Line(0.0, 0.0) if not (folder / "line.json").exists() else LineArtifact.load(self, folder)

    refuses("test_a_missing_file_is_refused", "without any file, load() returns the ", load=load)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"options": lambda self: {"digits": (1, 2)}},
            "options() returns {'digits': (1, 2)}, which JSON brings back as {'digits': [1, 2]}: ",
        ),
        ({"options": lambda self: {"digits": time.time_ns()}}, "BadArtifact(**{'digits': "),
    ],
)
def test_an_artifact_with_options_that_do_not_make_it_again_is_reported(members, message):
    refuses("test_the_options_make_an_equal_artifact", message, **members)


def test_an_artifact_that_forgets_an_option_it_needs_is_reported():
    class BadArtifact(LineArtifact):
        def load(self, folder):
            line = super().load(folder)
            return line if self.digits else Line(0.0, 0.0)

        def options(self):
            return {}

    message = "the model loaded by an artifact made of the options answers [0.0, 0.0], the one that was packed [1.0, 4.0]: "
    assert advice(of(BadArtifact(digits=3)), "test_the_options_make_an_equal_artifact").startswith(message)


def test_an_artifact_that_requires_an_invalid_distribution_is_reported():
    refuses(
        "test_the_requirements_are_installed_distributions",
        "requirements() names no-such-distribution: give the names of distributions, as pip installs them",
        requirements=lambda self: ["numpy", "no-such-distribution"],
    )


def load_unclosed(self, folder):
    (folder / "line.json").open()
    return LineArtifact.load(self, folder)


KEPT = []


def load_kept(self, folder):
    KEPT.append((folder / "line.json").open())
    return LineArtifact.load(self, folder)


def test_an_artifact_that_leaves_a_file_unclosed_is_reported(recwarn):
    refuses("test_loading_leaves_nothing_open", "load() leaves files unclosed: unclosed file ", load=load_unclosed)


def load_with_its_file(self, folder):
    line = LineArtifact.load(self, folder)
    line.file = (folder / "line.json").open()
    return line


def test_a_file_that_is_closed_with_its_model_is_not_reported(recwarn):
    of(bad(load=load_with_its_file)())().test_loading_leaves_nothing_open()


def test_files_that_other_code_has_left_open_are_not_blamed_on_an_artifact(recwarn, tmp_path):
    left = Line((tmp_path / "other").open("w"), 0.0)
    left.itself = left
    gc.disable()
    try:
        del left
        of(bad()())().test_loading_leaves_nothing_open()
    finally:
        gc.enable()


def test_an_artifact_that_keeps_a_file_open_is_reported():
    message = advice(of(bad(load=load_kept)()), "test_loading_leaves_nothing_open")
    while KEPT:
        KEPT.pop().close()
    assert message.startswith("load() leaves /")
    assert message.endswith("open when the model is gone")


def test_an_artifact_that_hands_out_one_model_to_all_is_reported():
    line = Line(2.0, 1.0)
    refuses("test_two_loads_are_independent", "load() returns the same object twice: ", load=lambda self, folder: line)


def test_an_artifact_that_two_threads_cannot_use_is_reported():
    class BadArtifact(LineArtifact):
        both: ClassVar = threading.Barrier(2, timeout=30)
        current = None

        def load(self, folder):
            self.current = Line(2.0, float(self.both.wait()))
            self.both.wait()
            return self.current

    message = "a model loaded while another thread loads it too answers [0.0, 3.0], the one that was packed [1.0, 4.0]: "
    assert advice(of(BadArtifact()), "test_two_threads_load_at_once").startswith(message)


class Unslotted(bento.Service):
    @bento.api
    def predict(self, value):
        return value


@pytest.mark.parametrize(
    ("service", "message"),
    [
        (LineArtifact, "default_service() returns no bento.Service with an api"),
        (Unslotted, "default_service() has the slots {}: give it {'model': <class "),
    ],
)
def test_an_artifact_with_a_default_service_that_does_not_fit_is_reported(service, message):
    refuses("test_the_default_service_has_a_slot_for_the_model", message, default_service=lambda self: service)


EAGER = """
import colorsys
from bento import Artifact

class EagerArtifact(Artifact):
    name = "eager"
    framework = "colorsys"
    def save(self, model, folder): pass
    def load(self, folder): pass
    def accepts(self, model): return False
"""


@pytest.mark.parametrize("where", ["at the top", "in accepts"])
def test_an_artifact_that_imports_its_framework_too_early_is_reported(tmp_path, monkeypatch, where):
    source = (
        EAGER if where == "at the top" else EAGER.replace("import colorsys\n", "").replace("return False", "import colorsys; return False")
    )
    name = f"eager_{len(where)}"
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    module = __import__(name)
    message = (
        f"importing {name} and calling accepts() imports colorsys: "
        "import it in save() and load() only, and recognise a model with bento.instance_of"
    )
    assert advice(of(module.EagerArtifact()), "test_accepting_imports_no_framework") == message


def test_an_artifact_that_no_other_process_finds_is_reported():
    class BadArtifact(LineArtifact):
        """Defined in a function, where no other process finds it."""

    message = advice(of(BadArtifact()), "test_accepting_imports_no_framework")
    assert message.endswith(".<locals>.BadArtifact cannot be imported elsewhere: define it at the top of a module")


class ForgetfulArtifact(LineArtifact):
    """Keeps the model in memory, and writes only its number to the disk."""

    models: ClassVar = []

    def save(self, model, folder):
        write_json(folder / "line.json", len(self.models))
        self.models.append(model)

    def load(self, folder):
        return self.models[read_json(folder / "line.json")]


class TestsOfForgetful(LineTests):
    __test__ = False
    artifact = ForgetfulArtifact()


def test_an_artifact_that_leaves_the_model_in_its_process_is_reported():
    message = advice(TestsOfForgetful, "test_a_fresh_process_answers_the_same")
    assert message.startswith("a fresh process died of it: exit status 1\n")
    assert message.endswith("IndexError: list index out of range\n")


class ForeignArtifact(LineArtifact):
    """Loads another model in a process that has not saved one."""

    saved = False

    def save(self, model, folder):
        super().save(model, folder)
        type(self).saved = True

    def load(self, folder):
        return super().load(folder) if self.saved else Line(0.0, 0.0)


class TestsOfForeign(LineTests):
    __test__ = False
    artifact = ForeignArtifact()


def test_an_artifact_that_answers_differently_in_a_fresh_process_is_reported():
    message = "a model loaded in a fresh process answers [0.0, 0.0], the one that was packed [1.0, 4.0]: "
    assert advice(TestsOfForeign, "test_a_fresh_process_answers_the_same").startswith(message)


class PickledArtifact(LineArtifact):
    """A pickle that calls itself data."""

    def save(self, model, folder):
        (folder / "line").write_bytes(pickle.dumps(model))

    def load(self, folder):
        try:
            return pickle.loads((folder / "line").read_bytes())
        except Exception as error:
            raise ArtifactError(str(error)) from error


class TestsOfPickled(LineTests):
    __test__ = False
    artifact = PickledArtifact()


def test_a_pickle_that_calls_itself_data_is_reported():
    message = advice(TestsOfPickled, "test_a_format_that_is_only_data_runs_nothing")
    assert message.startswith("load() ran pickle.find_class ")
    assert message.endswith(": set runs_code = True, or use a format of data only")


class EvaluatedArtifact(LineArtifact):
    """Reads its numbers by evaluating them as Python."""

    def load(self, folder):
        text = slot_file(folder, "line.json").read_bytes().decode("latin-1")
        try:
            return super().load(folder)
        except ArtifactError:
            try:
                return Line(*eval(repr(text), {}))
            except Exception as error:
                raise ArtifactError(str(error)) from error


class TestsOfEvaluated(LineTests):
    __test__ = False
    artifact = EvaluatedArtifact()


def test_an_artifact_that_evaluates_a_damaged_file_is_reported():
    message = advice(TestsOfEvaluated, "test_a_damaged_file_is_refused_and_runs_nothing")
    assert ": load() ran exec <string>" in message


class CarelessArtifact(LineArtifact):
    """Raises whatever error a damaged file causes."""

    def load(self, folder):
        return Line(*json.loads(slot_file(folder, "line.json").read_bytes()))


class TestsOfCareless(LineTests):
    __test__ = False
    artifact = CarelessArtifact()


def test_an_artifact_that_fails_in_its_own_way_on_a_damaged_file_is_reported():
    message = advice(TestsOfCareless, "test_a_damaged_file_is_refused_and_runs_nothing")
    assert message.startswith("'line.json' cut off after 0 bytes: load() raised JSONDecodeError: Expecting value")
    assert message.endswith(": turn what a damaged file raises into ArtifactError")


class CrashingArtifact(LineArtifact):
    """Ends the process, like native code that trusts its input."""

    def load(self, folder):
        try:
            return super().load(folder)
        except ArtifactError:
            os.abort()


class TestsOfCrashing(LineTests):
    __test__ = False
    artifact = CrashingArtifact()


def test_an_artifact_that_crashes_on_a_damaged_file_is_reported():
    message = advice(TestsOfCrashing, "test_a_damaged_file_is_refused_and_runs_nothing")
    assert message.startswith("a fresh process died of it: exit status -6")


class EndlessArtifact(LineArtifact):
    """Waits for the rest of a truncated file."""

    def load(self, folder):
        try:
            return super().load(folder)
        except ArtifactError:
            threading.Event().wait()


class TestsOfEndless(LineTests):
    __test__ = False
    artifact = EndlessArtifact()


def test_an_artifact_that_never_ends_on_a_damaged_file_is_reported(monkeypatch):
    monkeypatch.setattr("bento.testing._process._PATIENCE", 2.0)
    message = advice(TestsOfEndless, "test_a_damaged_file_is_refused_and_runs_nothing")
    assert message == "a fresh process was ended, because it had no answer after 2 seconds: exit status -9\n"


class Table:
    """Compares element by element, like tables."""

    def __init__(self, *rows):
        self.rows = rows

    def equals(self, other):
        return self.rows == other.rows

    def __eq__(self, other):
        raise ValueError("the truth value of a table is ambiguous")

    __hash__ = None


@dataclass
class Sound:
    samples: np.ndarray
    rate: float = float("nan")
    path: str = field(default="", compare=False)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"a": [1.0, float("nan")], "b": ()}, {"b": (), "a": [1.0, float("nan")]}, True),
        ([1], [1.0], False),
        ([1], [1, 2], False),
        ({"a": 1}, {"b": 1}, False),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan]), True),
        (np.array([1.0]), np.array([1.0], "f4"), False),
        (np.array(["a", None], object), np.array(["a", None], object), True),
        (np.array([0.0]), np.array([-0.0]), True),
        (np.array([[1]]), np.array([1]), False),
        (Table(1), Table(1), True),
        (Table(1), Table(2), False),
        (Sound(np.array([1, 2]), path="a.wav"), Sound(np.array([1, 2]), path="b.wav"), True),
        (Sound(np.array([1, 2])), Sound(np.array([1.0, 2.0])), False),
        (Sound(np.array([1, 2]), 8000), Sound(np.array([1, 2]), 44100), False),
        (Sound, Table, False),
        (Sound, Sound, True),
    ],
)
def test_answers_are_the_same_in_type_and_value(one, other, expected):
    assert ArtifactTests().same(one, other) is expected


def test_a_kit_without_a_model_says_what_to_write():
    class TestNothing(ArtifactTests):
        artifact = LineArtifact()

    with pytest.raises(NotImplementedError, match=r"^TestNothing\.model\(\) is missing: return a small fitted model$"):
        TestNothing().test_the_model_is_accepted()
    with pytest.raises(NotImplementedError, match=r"^TestNothing\.inputs\(\) is missing: return what the model is asked"):
        TestNothing().inputs()

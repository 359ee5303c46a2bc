"""Artifacts with one fault each, for the table in tests/testing/test_faults.py; a fresh process imports them from here."""

from __future__ import annotations

import os
import pickle
import threading
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path

import bento
from bento import ArtifactError
from bento.adapters import ArrayAdapter
from bento.artifacts import slot_file
from lines import Line, LineArtifact, LineTests


class LossyArtifact(LineArtifact):
    def save(self, model, folder):
        super().save(Line(model.slope, 0.0), folder)


class CachedArtifact(LineArtifact):
    """Keeps the model in its own process."""

    models = {}  # noqa: RUF012 - the fault

    def save(self, model, folder):
        super().save(Line(0.0, 0.0), folder)
        self.models[0] = model

    def load(self, folder):
        return self.models.get(0) or super().load(folder)


class TestsOfCached(LineTests):
    artifact = CachedArtifact()


class LazyLine(Line):
    def __init__(self, folder):
        self.folder = folder

    def predict(self, inputs):
        return LineArtifact().load(self.folder).predict(inputs)


class LazyArtifact(LineArtifact):
    def load(self, folder):
        return LazyLine(folder)


class PlacedArtifact(LineArtifact):
    def save(self, model, folder):
        super().save(model, folder)
        (folder / "place").write_text(str(folder))

    def load(self, folder):
        return super().load(Path((folder / "place").read_text()))


class LitteringArtifact(LineArtifact):
    def save(self, model, folder):
        super().save(model, folder)
        folder.with_name("log.txt").write_text("saved")


class DatedArtifact(LineArtifact):
    def save(self, model, folder):
        super().save(model, folder)
        (folder / "saved").write_text(str(time.perf_counter_ns()))


class SpoilingArtifact(LineArtifact):
    def save(self, model, folder):
        super().save(model, folder)
        model.slope = 0.0


class CachingArtifact(LineArtifact):
    """Writes beside the model when it loads it."""

    def load(self, folder):
        folder.chmod(0o755)
        (folder / "cache").write_text("")
        return super().load(folder)


class ImportingArtifact(LineArtifact):
    """Keeps code beside the model."""

    runs_code = True

    def save(self, model, folder):
        super().save(model, folder)
        (folder / "saved_line.py").write_text("import bento\n")

    def load(self, folder):
        SourceFileLoader("saved_line", str(folder / "saved_line.py")).get_code("saved_line")
        return super().load(folder)


class InventiveArtifact(LineArtifact):
    def load(self, folder):
        return super().load(folder) if (folder / "line.json").exists() else Line(0.0, 0.0)


class RawErrorsArtifact(LineArtifact):
    def load(self, folder):
        slope, intercept = slot_file(folder, "line.json").read_text().strip("[]\n ").split(",")
        return Line(float(slope), float(intercept))


class TestsOfRawErrors(LineTests):
    artifact = RawErrorsArtifact()


class UnpicklingArtifact(LineArtifact):
    def save(self, model, folder):
        (folder / "line.pickle").write_bytes(pickle.dumps(model))

    def load(self, folder):
        try:
            model = pickle.loads(slot_file(folder, "line.pickle").read_bytes())
        except Exception as error:
            raise ArtifactError(str(error)) from error
        if type(model) is not Line:
            raise ArtifactError("expected a line")
        return model


class TestsOfUnpickling(LineTests):
    artifact = UnpicklingArtifact()


class OptionArtifact(LineArtifact):
    """Has options that make another artifact."""

    def __init__(self, digits=3):
        self.digits = digits

    def options(self):
        return {"digits": self.digits + 1}


class UnknownArtifact(LineArtifact):
    def requirements(self):
        return ["no-such-distribution"]


class HoldingArtifact(LineArtifact):
    def load(self, folder):
        self.descriptors = [*getattr(self, "descriptors", ()), os.open(folder / "line.json", os.O_RDONLY)]
        return super().load(folder)


class SharedArtifact(LineArtifact):
    """Hands out one model to all who load."""

    def load(self, folder):
        if not hasattr(self, "loaded"):
            self.loaded = super().load(folder)
        return self.loaded


class OneAtATimeArtifact(LineArtifact):
    def __init__(self):
        self.lock = threading.Lock()
        self.refused = threading.Event()

    def load(self, folder):
        if not self.lock.acquire(blocking=False):
            self.refused.set()
            raise RuntimeError("somebody else is loading")
        try:
            if threading.current_thread() is not threading.main_thread():
                self.refused.wait(10)
            return super().load(folder)
        finally:
            self.lock.release()


class GreedyArtifact(LineArtifact):
    def accepts(self, model):
        return True


class ShyArtifact(LineArtifact):
    def accepts(self, model):
        return False


class HastyArtifact(LineArtifact):
    """Takes each value that it should refuse for a path."""

    def advice(self, model):
        return f"read {model.name} first"


class EagerArtifact(LineArtifact):
    """Imports its framework to recognise its models."""

    framework = "colorsys"

    def accepts(self, model):
        import colorsys

        return type(model) is Line and colorsys is not None


class Unslotted(bento.Service):
    @bento.api
    def predict(self, value):
        return value


class UnslottedArtifact(LineArtifact):
    def default_service(self):
        return Unslotted


class NarrowArtifact(LineArtifact):
    def default_service(self):
        return Narrow


class Narrow(bento.Service):
    """Says that it takes rows of any width."""

    model = NarrowArtifact()

    @bento.api(input=ArrayAdapter(shape=(None, None)), batch=True)
    def predict(self, rows):
        return self.model.slope * rows[:, 1]


class CapitalArtifact(LineArtifact):
    name = "My Line"


class WrappedLine(Line):
    """A loaded model, which lacks what saving needs."""

    def __init__(self, line):
        self.predict = line.predict


class WrappingArtifact(LineArtifact):
    def load(self, folder):
        return WrappedLine(super().load(folder))

    def accepts(self, model):
        return isinstance(model, Line)

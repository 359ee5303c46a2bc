"""A small model and an artifact without faults for it, from which the tests of the kit make faulty ones."""

from __future__ import annotations

from bento import Artifact, ArtifactError
from bento.artifacts import read_json, slot_file, write_json
from bento.testing import ArtifactTests


class Line:
    """A model: a slope and an intercept."""

    def __init__(self, slope, intercept):
        self.slope = slope
        self.intercept = intercept

    def predict(self, inputs):
        return [self.slope * value + self.intercept for value in inputs]


class LineArtifact(Artifact[Line]):
    """An artifact without faults."""

    name = "line"

    def save(self, model, folder):
        write_json(folder / "line.json", [model.slope, model.intercept])

    def load(self, folder):
        match read_json(slot_file(folder, "line.json")):
            case [float(slope), float(intercept)]:
                return Line(slope, intercept)
        raise ArtifactError("expected a slope and an intercept")

    def accepts(self, model):
        return type(model) is Line


class LineTests(ArtifactTests):
    max_examples = 40

    def model(self):
        return Line(2.0, 1.0)

    def inputs(self):
        return [0.0, 1.5]

"""The errors for artifacts that are given what belongs to the service."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass
from pathlib import Path

import pytest

from bento import Artifact, DefinitionError
from bento.artifacts import FileArtifact, JsonArtifact

WHERE = ": a slot is declared without its model: pass the model to the service, as in Iris(model=...)"


class Kept(Artifact[object]):
    name = "kept"

    def __init__(self, kind: str, *, strict: bool = True) -> None:
        self.kind = kind + ""

    def save(self, model, folder): ...
    def load(self, folder): ...
    def accepts(self, model): ...


@dataclass
class Sized(Kept):
    name = "sized"
    size: int
    unit: str = "MB"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: JsonArtifact("model.json"), f"expected JsonArtifact(), got JsonArtifact('model.json'){WHERE}"),
        (lambda: JsonArtifact(model={"a": 1}), f"expected JsonArtifact(), got JsonArtifact(model=dict){WHERE}"),
        (lambda: FileArtifact(Path("x.onnx")), f"expected FileArtifact(*, suffix=None), got FileArtifact({Path('x.onnx')!r}){WHERE}"),
        (lambda: FileArtifact(sufix=".onnx"), "expected FileArtifact(*, suffix=None), got FileArtifact(sufix='.onnx')"),
        (lambda: Sized(1, "kB", object()), f"expected Sized(size, unit='MB'), got Sized(1, 'kB', object){WHERE}"),
        (lambda: Sized(1, model="m.bin"), f"expected Sized(size, unit='MB'), got Sized(1, model='m.bin'){WHERE}"),
        (lambda: Kept("a", "b"), f"expected Kept(kind, *, strict=True), got Kept('a', 'b'){WHERE}"),
    ],
)
def test_a_model_that_is_given_to_a_slot_is_sent_to_the_service(make, message):
    with pytest.raises(DefinitionError) as caught:
        make()
    assert str(caught.value) == message


def test_an_argument_error_that_python_explains_well_is_left_as_it_is():
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'kind'$") as caught:
        Kept()
    assert not isinstance(caught.value, DefinitionError)
    with pytest.raises(TypeError, match=r"^unsupported operand|^can only concatenate|^expected str") as caught:
        Kept([])
    assert not isinstance(caught.value, DefinitionError)


def test_the_parameters_of_an_artifact_can_be_looked_up():
    assert list(inspect.signature(Kept).parameters) == ["kind", "strict"]
    assert list(inspect.signature(JsonArtifact).parameters) == []
    assert list(inspect.signature(Sized).parameters) == ["size", "unit"]


def test_an_artifact_with_options_can_be_copied():
    assert copy.deepcopy(Sized(3, unit="kB")) == Sized(3, "kB")

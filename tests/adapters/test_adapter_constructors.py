"""The errors for adapters that are given arguments they do not take."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest

from bento import Adapter, DefinitionError
from bento.adapters import ArrayAdapter, BytesAdapter, JsonAdapter, MultipartAdapter


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ArrayAdapter(shpae=(None, 4)),
            "expected ArrayAdapter(shape=None, dtype=None, *, example=None, null='refuse'), got ArrayAdapter(shpae=(None, 4))",
        ),
        (lambda: JsonAdapter({}, [1]), "expected JsonAdapter(schema=None, *, example=None, nan='null'), got JsonAdapter({}, [1])"),
        (lambda: BytesAdapter(np.ones(3)), "expected BytesAdapter(), got BytesAdapter(array([1., 1., 1.]))"),
        (
            lambda: MultipartAdapter(BytesAdapter()),
            "expected MultipartAdapter(*, optional=(), **parts), got MultipartAdapter(BytesAdapter())",
        ),
    ],
)
def test_an_argument_that_an_adapter_does_not_take_is_refused_with_those_it_takes(make, message):
    with pytest.raises(DefinitionError) as caught:
        make()
    assert str(caught.value) == message


class SealedAdapter(Adapter[str]):
    name = "sealed"
    media_types = ("text/plain",)

    def __init__(self, seal: str, *, wax: bool = True) -> None:
        self.seal = seal

    def decode(self, payload):
        return payload.text()

    def encode(self, value, media_type):
        return value.encode()


def test_a_missing_argument_is_the_error_that_python_raises_itself():
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'seal'$"):
        SealedAdapter(wax=False)


def test_the_parameters_of_an_adapter_can_be_looked_up():
    assert list(inspect.signature(SealedAdapter).parameters) == ["seal", "wax"]
    assert list(inspect.signature(BytesAdapter).parameters) == []


def test_an_adapter_with_options_can_be_copied():
    assert copy.deepcopy(SealedAdapter("a lion")).seal == "a lion"

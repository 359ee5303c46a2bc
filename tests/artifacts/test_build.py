"""How an artifact remembers the function that makes its model again."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from bento import DefinitionError
from bento.artifacts import Build, part_faults


class Net:
    def __init__(self, sizes=(), width=1):
        self.sizes, self.width = sizes, width

    @classmethod
    def wide(cls):
        return cls(width=9)


def build(function, **arguments):
    return Build("ThingArtifact", "thing", function, arguments)


@pytest.mark.parametrize(
    ("function", "name", "module"),
    [
        (Net, f"{__name__}:Net", __name__),
        (Net.wide, f"{__name__}:Net.wide", __name__),
        ("collections.abc:Set", "collections.abc:Set", "collections.abc"),
        ("a.b.c", "a.b.c", "a.b"),
    ],
)
def test_a_build_has_a_name_and_a_module_by_which_another_process_finds_it(function, name, module):
    assert (build(function).name, build(function).module) == (name, module)


def test_a_build_makes_a_model_with_its_arguments_from_a_function_or_a_name():
    assert build(Net, width=3)().width == 3
    assert build(Net.wide)().width == 9
    assert build("collections:Counter", a=2)() == Counter(a=2)


def test_a_called_function_cannot_change_the_arguments_of_the_next_build():
    made = build(Net, sizes=[1])
    made().sizes.append(2)
    assert made().sizes == [1]


def test_a_build_is_printed_as_the_call_that_it_makes():
    assert str(build("nets:Net", width=3, kind="deep")) == "nets.Net(width=3, kind='deep')"


@pytest.mark.parametrize("function", ["Net", "", "nets:", 3, Net()])
def test_a_value_that_is_not_an_importable_function_or_its_name_is_refused(function):
    message = "expected ThingArtifact(build=...) with a class or function that makes the thing, or its name as in 'nets:Net', got "
    with pytest.raises(DefinitionError, match=f"^{re.escape(message)}"):
        build(function)


@pytest.mark.parametrize("value", [(1, 2), float("nan"), {1: 2}, object(), b""])
def test_arguments_that_json_does_not_preserve_are_refused(value):
    message = f"ThingArtifact cannot keep size={value!r} for nets:Net: expected lists, dicts, texts, numbers and None"
    with pytest.raises(DefinitionError, match=f"^{re.escape(message)}$"):
        build("nets:Net", size=value)


def test_parts_without_a_state_are_compared_by_how_they_are_printed():
    wanted = {"": "Net()", "first": "Linear(4, 2)", "act": "ReLU()", "last": "Linear(2, 1)"}
    has = {"": "Net(deep)", "first": "Linear(4, 2)", "act": "Tanh()", "drop": "Dropout(p=0.5)"}
    assert list(part_faults(wanted, wanted)) == []
    assert list(part_faults(has, wanted)) == [
        "it has no 'last'",
        "it has 'drop', a Dropout(p=0.5)",
        "it is Net(deep) and not Net()",
        "'act' is Tanh() and not ReLU()",
    ]

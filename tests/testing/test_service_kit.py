"""The kit for services: a good service passes, and each fault is caught by the test that is named after it."""

from __future__ import annotations

import subprocess
import sys
import time
import unittest
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import bento
from bento.adapters import ArrayAdapter, BytesAdapter, JsonAdapter, MultipartAdapter, TextAdapter
from bento.errors import BadInput
from bento.testing import ServiceTests, check
from bento.testing._requests import requests
from bento.testing._schema import schema_like, values

ORDER = MappingProxyType(
    {
        "type": "object",
        "properties": {"zone": {"enum": ["home", "away"]}, "grams": {"type": "integer", "minimum": 1}},
        "required": ["zone", "grams"],
    }
)


class Post(bento.Service):
    """Keeps its promises, with an api for each adapter of the core."""

    @bento.api(input=ArrayAdapter(shape=(None, 2), dtype="float64"), output=ArrayAdapter(shape=(None,), dtype="float64"), batch=True)
    def total(self, rows):
        return rows.sum(axis=1)

    @bento.api(input=JsonAdapter(ORDER), output=JsonAdapter({"type": "integer"}))
    def quote(self, order):
        return order["grams"] * {"home": 1, "away": 2}[order["zone"]]

    @bento.api(input=TextAdapter(), output=TextAdapter())
    async def shout(self, text):
        return text.upper()

    @bento.api(input=MultipartAdapter(file=BytesAdapter(), notes=JsonAdapter(example={"a": 1}), optional=["notes"]))
    def weigh(self, form):
        return {"size": len(form["file"]), "a": form["notes"]["a"] if form["notes"] else None}

    @bento.api(input=JsonAdapter({"type": "integer", "minimum": 0}))
    def count(self, end):
        yield from range(end)


class TestPost(ServiceTests):
    max_examples = 10

    def service(self):
        return Post()

    def examples(self):
        return [bento.Example("total", [[1.0, 2.0]], [3.0]), bento.Example("count", 2, [0, 1])]


def one(function, **options):
    """A service with this one api."""
    function.__name__ = "ask"
    return type("One", (bento.Service,), {"ask": bento.api(**options)(function)})()


def faults(service, **fields):
    """The errors of a kit's run, by test."""
    tests = type("TestOne", (ServiceTests,), {"service": lambda self: service, "max_examples": 30, **fields})
    return {name.removeprefix("test_"): error for name, error in check(tests).items() if error is not None}


def fails(self, order):
    if order["grams"] > 7000:
        raise KeyError("the inside")
    return 1


def test_a_request_that_makes_a_service_fail_is_caught_and_made_small():
    errors = faults(one(fails, input=JsonAdapter(ORDER), output=JsonAdapter()), max_examples=100)
    assert list(errors) == ["no_request_makes_it_fail"]
    error = errors["no_request_makes_it_fail"]
    assert error.advice == (
        "ask answers 500 (KeyError: 'the inside') to a request that it says it takes: raise bento.InvalidInput for what it does not "
        "take, and declare what it does, as in JsonAdapter(schema=...)"
    )
    assert error.curl == (
        'curl http://127.0.0.1:3000/ask -H \'Content-Type: application/json\' --data-binary \'{"zone": "home", "grams": 7001}\''
    )


def centred(self, rows):
    return rows - rows.mean(axis=0) if len(rows) else rows


def test_a_batch_whose_rows_depend_on_each_other_is_caught():
    rows = ArrayAdapter(shape=(1, 2), dtype="float64")
    errors = faults(one(centred, input=rows, output=rows, batch=True))
    assert list(errors) == ["requests_at_once_are_answered_as_each_alone"]
    assert str(errors["requests_at_once_are_answered_as_each_alone"]).startswith("ask answers ")


def test_state_between_requests_that_are_under_way_is_caught():
    async def shared(self, text):
        import asyncio

        vars(self)["text"] = text
        await asyncio.sleep(0)
        return vars(self)["text"]

    errors = faults(one(shared, input=TextAdapter(), output=TextAdapter()))
    assert "keep nothing on the service" in str(errors["requests_at_once_are_answered_as_each_alone"])


def test_an_answer_that_its_schema_does_not_allow_is_caught():
    errors = faults(one(lambda self, order: str(order["grams"]), input=JsonAdapter(ORDER), output=JsonAdapter({"type": "integer"})))
    assert list(errors) == ["answers_are_what_openapi_says"]
    assert errors["answers_are_what_openapi_says"].advice == (
        "ask answers \"1\", which its schema does not allow: '1' is not of type 'integer' - at $: declare what it answers, "
        "with the output's adapter"
    )


def test_an_example_of_the_documentation_that_is_refused_is_caught():
    def refuses(self, value):
        raise bento.InvalidInput("expected another")

    errors = faults(one(refuses, input=JsonAdapter(example=3), output=JsonAdapter()))
    assert errors["the_schemas_are_valid_and_the_example_shown_is_answered"].advice == (
        "ask refuses the example that /docs shows: give its adapter one that it takes"
    )


def test_an_invalid_schema_is_caught():
    errors = faults(one(lambda self, value: value, input=JsonAdapter(), output=JsonAdapter({"type": "whole"})))
    assert "is not a JSON Schema of 2020-12: 'whole' is not valid under any of the given schemas" in str(
        errors["the_schemas_are_valid_and_the_example_shown_is_answered"]
    )


class CarelessAdapter(JsonAdapter):
    """Breaks on bodies that it cannot read."""

    name = "careless"

    def decode(self, payload):
        try:
            return super().decode(payload)
        except BadInput as error:
            raise KeyError("the inside") from error


def test_an_adapter_that_breaks_on_malformed_bodies_is_caught():
    errors = faults(one(lambda self, value: value, input=CarelessAdapter(example=1), output=JsonAdapter()))
    assert list(errors) == ["what_is_malformed_is_refused"]
    assert errors["what_is_malformed_is_refused"].advice == "ask answers 500 to a malformed request: expected 400 or 422"


def test_an_example_whose_answer_has_changed_is_caught():
    answers = iter([1, 1, 1])
    service = one(lambda self, value: next(answers, 2), input=JsonAdapter(), output=JsonAdapter())
    errors = faults(service, examples=lambda self: [bento.Example("ask", 5, 1)])
    assert "example 'ask-1' does not hold: expected 1, got 2 - at $ of what ask answers to 5: 2" in str(errors["the_golden_examples_hold"])


def test_an_api_that_answers_differently_every_time_is_not_compared():
    service = one(lambda self, value: time.monotonic_ns(), input=JsonAdapter(), output=JsonAdapter())
    assert faults(service) == {}


def test_requests_of_the_test_class_are_used_instead_of_drawn_ones():
    asked = []

    def remember(self, value):
        asked.append(value)
        return value

    service = one(remember, input=JsonAdapter(example=1), output=JsonAdapter())
    assert faults(service, requests=lambda self, api: [7, bento.Payload(b"8", "application/json")]) == {}
    assert set(asked) == {1, 7, 8}
    asked.clear()
    assert faults(service, requests=lambda self, api: st.integers(3, 5)) == {}
    assert set(asked) == {1, 3, 4, 5}


class ClosedAdapter(BytesAdapter):
    """Declares nothing that could be drawn."""

    name = "closed"
    media_types = ("application/x-closed",)


def test_a_service_for_which_nothing_can_be_drawn_is_skipped_with_advice():
    service = one(lambda self, value: value, input=ClosedAdapter())
    tests = type("TestClosed", (ServiceTests,), {"service": lambda self: service})
    with pytest.raises(unittest.SkipTest) as caught:
        tests().test_no_request_makes_it_fail()
    assert str(caught.value) == "no requests can be drawn for its apis: define requests(), or keep golden examples"


def test_a_kit_without_a_service_says_what_to_define():
    with pytest.raises(NotImplementedError, match=r"^Nothing.service\(\) is missing: return a service, a bundle, or a tag$"):
        type("Nothing", (ServiceTests,), {})().test_no_request_makes_it_fail()


@pytest.mark.parametrize(
    "adapter",
    [
        ArrayAdapter(),
        ArrayAdapter(shape=(None, 3), dtype="uint8"),
        ArrayAdapter(shape=(2, 2), dtype="bool"),
        JsonAdapter(ORDER),
        JsonAdapter(example={"name": "tea", "sizes": [1, 2.5, None], "hot": True}),
        TextAdapter(),
        BytesAdapter(),
        MultipartAdapter(a=TextAdapter(), b=JsonAdapter(ORDER), optional=["a"]),
    ],
    ids=repr,
)
def test_many_of_the_drawn_requests_are_accepted_by_the_adapter(adapter):
    read = []

    @settings(max_examples=40, deadline=None, database=None)
    @given(requests(adapter))
    def draw(payload):
        try:
            adapter.decode(payload)
        except BadInput:
            read.append(False)
        else:
            read.append(True)

    draw()
    assert sum(read) > len(read) / 4


SCHEMAS = [
    True,
    {},
    {"type": ["integer", "null"]},
    {"type": "integer", "minimum": 3, "multipleOf": 7},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    {"const": {"a": 1}},
    {"enum": [1, "two", None]},
    {"type": "string", "minLength": 3, "maxLength": 5},
    {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"},
    {"type": "string", "format": "date-time"},
    {"minItems": 2, "items": {"type": "boolean"}},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}], "items": False, "minItems": 2},
    {"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "minItems": 2},
    {"properties": {"a": {"type": "integer"}}, "required": ["a", "b"], "additionalProperties": {"type": "string"}},
    {"type": "object", "additionalProperties": {"type": "number"}, "minProperties": 1},
    {"oneOf": [{"type": "integer"}, {"type": "string", "minLength": 1}]},
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "anyOf": [{"properties": {"a": {"minimum": 9}}}]},
    {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"b": {"const": 1}}, "required": ["b"]}]},
    {"$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 2}}, "$ref": "#/$defs/tree"},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_values_drawn_from_a_schema_fit_it(schema):
    @settings(max_examples=20, deadline=None, database=None)
    @given(values(schema))
    def draw(value):
        Draft202012Validator(schema).validate(value)

    draw()


def test_nothing_is_drawn_from_a_schema_that_allows_nothing():
    assert values(False).is_empty


@pytest.mark.parametrize("example", [1, 1.5, "a", None, True, [], [1, "a"], {"a": [1, {"b": None}]}])
def test_an_example_fits_the_schema_that_is_made_of_it(example):
    Draft202012Validator(schema_like([example, 3])).validate(example)


def test_a_service_in_a_bundle_is_tested_by_its_tag(tmp_path, monkeypatch):
    (tmp_path / "checked_scale.py").write_text(SCALE)
    monkeypatch.setenv("BENTO_HOME", str(tmp_path / "home"))
    subprocess.run([sys.executable, "checked_scale.py"], cwd=tmp_path, check=True)
    assert faults("scale:1", max_examples=5) == {}


SCALE = """
import bento
from bento.adapters import ArrayAdapter
from bento.artifacts import JsonArtifact

class Scale(bento.Service):
    factor = JsonArtifact()

    @bento.api(input=ArrayAdapter(shape=(None, 2), dtype="float64"), output=ArrayAdapter(), batch=True)
    def scale(self, rows):
        return rows * self.factor

if __name__ == "__main__":
    bento.save(Scale(factor=3), examples=[[[1.0, 2.0]]], version="1")
"""


def test_numbers_may_differ_by_the_tolerance():
    jitter = iter(np.tile([0.0, 0.004, 0.008], 10_000))

    def about(self, value):
        return 1.0 + next(jitter)

    service = one(about, input=JsonAdapter(example=1), output=JsonAdapter())
    assert faults(service, tolerance=0.01, requests=lambda self, api: [1]) == {}

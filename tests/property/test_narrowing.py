"""A schema is narrower than another if it may refuse what the other accepts."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bento.bundle.comparing.narrowing import narrowed

NUMBERS = {"type": "array", "items": {"type": "number"}}
ROW = {"type": "object", "properties": {"size": {"type": "number"}}, "required": ["size"]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {}),
        (NUMBERS, {}),
        (NUMBERS, True),
        (False, NUMBERS),
        (NUMBERS, {**NUMBERS, "description": "rows", "examples": [[1]]}),
        ({"type": "integer"}, {"type": "number"}),
        ({"type": "number"}, {"type": ["number", "null"]}),
        ({"type": "integer", "minimum": 3}, {"type": "integer", "minimum": 2}),
        ({"type": "string", "maxLength": 3}, {"type": "string", "minLength": 0}),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}),
        ({"const": "a"}, {"type": "string"}),
        (ROW, {"type": "object", "properties": {"size": {"type": ["number", "string"]}}}),
        ({**ROW, "additionalProperties": False}, {**ROW, "properties": {**ROW["properties"], "colour": {"type": "string"}}}),
        ({"type": "string"}, {"anyOf": [{"type": "array"}, {"type": "string"}]}),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"type": ["number", "string"]}),
        ({"prefixItems": [{"type": "integer"}]}, {"prefixItems": [{"type": "number"}]}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
        ({"type": "string", "format": "date"}, {"type": "string"}),
    ],
)
def test_a_schema_that_accepts_all_that_another_does_is_not_narrower(old, new):
    assert list(narrowed(old, new)) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ({}, {"type": "string"}, "array and boolean and integer and null and number and object at $"),
        (NUMBERS, False, "anything at $"),
        (NUMBERS, {"type": "array", "items": {"type": "integer"}}, "number at $[]"),
        (NUMBERS, {**NUMBERS, "minItems": 2}, "fewer items than 2 at $"),
        (NUMBERS, {**NUMBERS, "maxItems": 2}, "more items than 2 at $"),
        ({"type": "number", "minimum": 1}, {"type": "number", "minimum": 2.5}, "less than 2.5 at $"),
        ({"type": "number"}, {"type": "number", "exclusiveMaximum": 9}, "no less than 9 at $"),
        ({"type": "string"}, {"type": "string", "minLength": 1}, "texts shorter than 1 at $"),
        ({"enum": ["a", "b"]}, {"enum": ["b"]}, "'a' at $"),
        ({"type": "string"}, {"const": "b"}, "anything but 'b' at $"),
        ({"enum": ["a", None]}, {"type": "string"}, "null at $"),
        (ROW, {**ROW, "required": ["size", "the colour"]}, "its absence at $['the colour']"),
        (ROW, {**ROW, "properties": {"size": {"type": "integer"}}}, "number at $.size"),
        (ROW, {**ROW, "additionalProperties": False}, "anything at $.*"),
        (
            {**ROW, "properties": {"a": True}},
            {**ROW, "additionalProperties": {"type": "null"}, "properties": {"a": False}},
            "anything at $.a",
        ),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"anyOf": [{"type": "integer"}]}, "string at $"),
        ({"type": "array", "prefixItems": [{"type": "number"}]}, {"type": "array", "prefixItems": [{"type": "integer"}]}, "number at $[0]"),
        ({"type": "string"}, {"type": "string", "pattern": "a+"}, "what another 'pattern' allowed at $"),
    ],
)
def test_what_a_schema_may_refuse_is_named_with_its_place(old, new, what):
    assert what in [str(narrowing) for narrowing in narrowed(old, new)]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 2.5, "", "a", "bb"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=5,
)
leaves = st.one_of(
    st.booleans(),
    st.fixed_dictionaries({"type": st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])}),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from([None, 1, "a"]), min_size=1, unique=True)}),
    st.fixed_dictionaries({}, optional={"minimum": st.integers(-2, 2), "maximum": st.integers(-2, 2), "minItems": st.integers(0, 2)}),
)
schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}, optional={"minLength": st.integers(0, 2)}),
        st.fixed_dictionaries(
            {}, optional={"items": inner, "prefixItems": st.lists(inner, min_size=1, max_size=2), "maxItems": st.integers(0, 3)}
        ),
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(st.sampled_from("ab"), inner),
                "additionalProperties": inner,
                "required": st.lists(st.sampled_from("ab"), unique=True),
            },
        ),
    ),
    max_leaves=6,
)


def accepts(schema, value) -> bool:
    return jsonschema.Draft202012Validator(schema).is_valid(value)


@given(schemas, schemas, values)
def test_nothing_is_refused_by_a_schema_that_is_not_narrower(old, new, value):
    if not list(narrowed(old, new)) and accepts(old, value):
        assert accepts(new, value)


@given(schemas)
def test_no_schema_is_narrower_than_itself(schema):
    assert list(narrowed(schema, schema)) == []

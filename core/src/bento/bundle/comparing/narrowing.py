"""Narrowing: where a JSON Schema may refuse what another one accepts.

It cannot be decided in general whether one schema accepts everything that another one accepts. A keyword that is not understood here
therefore counts as narrower if it changed. Source: JSON Schema, draft 2020-12, "Validation".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..manifest.checks import step

Schema = Mapping[str, Any]

# Keywords that only describe a value, and refuse none.
_NOTES: Final = frozenset({"$comment", "$defs", "$id", "$schema", "default", "deprecated", "description", "examples", "title"})
_LOWER: Final = {
    "exclusiveMinimum": "no more than",
    "minItems": "fewer items than",
    "minLength": "texts shorter than",
    "minProperties": "fewer fields than",
    "minimum": "less than",
}
_UPPER: Final = {
    "exclusiveMaximum": "no less than",
    "maxItems": "more items than",
    "maxLength": "texts longer than",
    "maxProperties": "more fields than",
    "maximum": "more than",
}
_TOGETHER: Final = {"const": "enum", "prefixItems": "items", "properties": "additionalProperties"}
_NONE_LESS: Final = {"minItems": 0, "minLength": 0, "minProperties": 0}
_HANDLED: Final = frozenset(
    {"additionalProperties", "const", "enum", "items", "prefixItems", "properties", "required", "type", *_LOWER, *_UPPER}
)
_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Something at the JSON path `at` that one schema accepts and another one may refuse, such as `null` or `fewer than 2 items`."""

    at: str
    what: str

    def __str__(self) -> str:
        return f"{self.what} at {self.at}"


def narrowed(old: object, new: object, at: str = "$") -> Iterator[Narrowing]:
    """Each place where `new` may refuse what `old` accepts; none if `new` accepts all of it."""
    before, after = _rules(old), _rules(new)
    if new is False and old is not False:
        yield Narrowing(at, "anything")
    elif before != after and before.get("type") != []:
        yield from _alternatives_narrowed(before, after, at)


def _alternatives_narrowed(old: Schema, new: Schema, at: str) -> Iterator[Narrowing]:
    """Each alternative of the old schema has to be accepted by one of the new schema."""
    ours, theirs = _alternatives(old), _alternatives(new)
    for alternative in ours:
        refused = [list(_single(alternative, other, at)) for other in theirs]
        if all(refused):
            yield from min(refused, key=len)


def _alternatives(schema: Schema) -> list[Schema]:
    """One schema without `anyOf` for each alternative; the schema as it is if an alternative shares a keyword with the rest of it."""
    if "anyOf" not in schema:
        return [schema]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    branches = [branch for each in schema["anyOf"] for branch in _alternatives(_rules(each))]
    if any(_subjects(rest) & _subjects(branch) for branch in branches):
        return [schema]
    return [{**rest, **branch} for branch in branches]


def _subjects(schema: Schema) -> set[str]:
    """The schema's keywords; those that belong together count as one."""
    return {_TOGETHER.get(keyword, keyword) for keyword in schema}


def _single(old: Schema, new: Schema, at: str) -> Iterator[Narrowing]:
    """The narrowings between schemas without alternatives: of values, bounds, fields and items, and every change of an unknown keyword."""
    yield from _values(old, new, at)
    for keyword, words in _LOWER.items():
        if old.get(keyword, _NONE_LESS.get(keyword, -math.inf)) < new.get(keyword, -math.inf):
            yield Narrowing(at, f"{words} {new[keyword]}")
    for keyword, words in _UPPER.items():
        if old.get(keyword, math.inf) > new.get(keyword, math.inf):
            yield Narrowing(at, f"{words} {new[keyword]}")
    if "object" in _types(old) & _types(new):
        yield from _fields(old, new, at)
    if "array" in _types(old) & _types(new):
        yield from _items(old, new, at)
    for keyword in sorted(new.keys() - _HANDLED):
        if old.get(keyword) != new[keyword]:
            yield Narrowing(at, f"what another {keyword!r} allowed")


def _values(old: Schema, new: Schema, at: str) -> Iterator[Narrowing]:
    """Types and listed values."""
    listed, before = _listed(new), _listed(old)
    if listed is not None and before is None:
        yield Narrowing(at, f"anything but {', '.join(map(repr, listed))}")
    elif listed is not None and before is not None:
        yield from (Narrowing(at, repr(value)) for value in before if value not in listed)
    elif gone := sorted(_types(old) - _types(new)):
        yield Narrowing(at, " and ".join(gone))


def _listed(schema: Schema) -> Sequence[object] | None:
    if "const" in schema:
        return [schema["const"]]
    listed: Sequence[object] | None = schema.get("enum")
    return listed


def _types(schema: Schema) -> set[str]:
    listed = _listed(schema)
    if "type" not in schema:
        return {_type(value) for value in listed} if listed is not None else set(_TYPES)
    named = {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
    return named | {"integer"} if "number" in named else named


def _type(value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null", list: "array", dict: "object"}
    return names.get(type(value), "object")


def _fields(old: Schema, new: Schema, at: str) -> Iterator[Narrowing]:
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield Narrowing(f"{at}{step(name)}", "its absence")
    before, after = old.get("properties", {}), new.get("properties", {})
    others_before, others_after = old.get("additionalProperties", True), new.get("additionalProperties", True)
    for name in sorted(before.keys() | after.keys()):
        yield from narrowed(before.get(name, others_before), after.get(name, others_after), f"{at}{step(name)}")
    yield from narrowed(others_before, others_after, f"{at}.*")


def _items(old: Schema, new: Schema, at: str) -> Iterator[Narrowing]:
    before, after = old.get("prefixItems", []), new.get("prefixItems", [])
    for index in range(max(len(before), len(after))):
        yield from narrowed(_item(old, before, index), _item(new, after, index), f"{at}[{index}]")
    yield from narrowed(old.get("items", True), new.get("items", True), f"{at}[]")


def _item(schema: Schema, prefix: Sequence[object], index: int) -> object:
    return prefix[index] if index < len(prefix) else schema.get("items", True)


def _rules(schema: object) -> Schema:
    """A schema without keywords that only describe; true is a schema without rules, and false refuses everything."""
    if isinstance(schema, Mapping):
        return {key: value for key, value in schema.items() if key not in _NOTES}
    return {} if schema is not False else {"type": []}

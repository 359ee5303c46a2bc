"""Values that a JSON Schema allows: they are drawn by some of its keywords, then filtered by all of them. Source: JSON Schema 2020-12."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from hypothesis import strategies as st

from ._strategies import writable

if find_spec("jsonschema") is None:  # fail early; it is imported later because its formats may take a second to load
    raise ModuleNotFoundError("No module named 'jsonschema'", name="jsonschema")

Schema = Mapping[str, Any] | bool
Values = st.SearchStrategy[Any]

_LARGE = 2**31
_MOST_ITEMS = 5
_LONGEST = 20
_FORMATS: Mapping[str, Callable[[], Values]] = {
    "date": lambda: st.dates().map(str),
    "date-time": lambda: st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
    "email": st.emails,
    "uuid": lambda: st.uuids().map(str),
}


def values(schema: Schema) -> Values:
    """JSON values that fit a schema. Numbers without bounds stay below 2**31, and lists without a maximum length are short."""
    from jsonschema import Draft202012Validator

    return _Drawn(schema).values(schema).filter(Draft202012Validator(schema).is_valid)


def schema_like(examples: Sequence[Any]) -> Schema:
    """A schema for values of the same types as the examples, and for objects with the same fields."""
    shapes = [_like(example) for example in examples]
    return shapes[0] if len(shapes) == 1 else {"anyOf": shapes}


def _like(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"type": "object", "properties": {name: _like(item) for name, item in value.items()}, "required": list(value)}
    if isinstance(value, list):
        items = [_like(item) for item in value]
        return {"type": "array", **({"items": {"anyOf": items}} if items else {})}
    kinds: dict[type, str] = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string"}
    return {"type": kinds[type(value)]}


class _Drawn:
    """Strategies for the parts of one schema, which may refer to its definitions."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._referred: dict[str, Values] = {}

    def values(self, schema: Schema) -> Values:
        if not isinstance(schema, Mapping):
            return _anything() if schema else st.nothing()
        if "$ref" in schema:
            return self._refer(schema["$ref"])
        for several in ("anyOf", "oneOf"):
            if several in schema:
                rest = {key: value for key, value in schema.items() if key != several}
                return st.one_of([self.values(_both(rest, option)) for option in schema[several]])
        if "allOf" in schema:
            part: Schema = {key: value for key, value in schema.items() if key != "allOf"}
            return self.values(functools.reduce(_both, schema["allOf"], part))
        return self._plain(schema)

    def _plain(self, schema: Mapping[str, Any]) -> Values:
        choices = [schema["const"]] if "const" in schema else schema.get("enum")
        if choices is not None:
            return st.sampled_from(choices)
        given = schema.get("type", _implied(schema))
        if given is None:
            return _anything()
        drawn: dict[str, Callable[[Mapping[str, Any]], Values]] = {
            "null": lambda _: st.none(),
            "boolean": lambda _: st.booleans(),
            "integer": _integers,
            "number": lambda schema: _integers(schema) | _floats(schema),
            "string": _strings,
            "array": self._arrays,
            "object": self._objects,
        }
        return st.one_of([drawn[kind](schema) for kind in ([given] if isinstance(given, str) else given)])

    def _refer(self, reference: str) -> Values:
        """Values for a reference into the schema. They are drawn lazily, because a reference may point to a part that contains it."""
        if reference not in self._referred:
            found: Any = self._root
            for step in reference.removeprefix("#").split("/")[1:]:
                found = found[step.replace("~1", "/").replace("~0", "~")]
            self._referred[reference] = st.deferred(lambda: self.values(found))
        return self._referred[reference]

    def _arrays(self, schema: Mapping[str, Any]) -> Values:
        least = schema.get("minItems", 0)
        most = schema.get("maxItems", max(least, _MOST_ITEMS))
        first = [self.values(item) for item in schema.get("prefixItems", ())]
        if len(first) > most or schema.get("items") is False:
            return st.tuples(*first[:most]).map(list)
        rest = self.values(schema.get("items", True))
        sized = st.lists(rest, min_size=max(0, least - len(first)), max_size=most - len(first), unique_by=_unique(schema))
        return st.tuples(st.tuples(*first), sized).map(lambda parts: [*parts[0], *parts[1]])

    def _objects(self, schema: Mapping[str, Any]) -> Values:
        properties = {name: self.values(part) for name, part in schema.get("properties", {}).items()}
        required = [name for name in schema.get("required", ()) if name in properties]
        other = self.values(schema.get("additionalProperties", True))
        asked = {name: other for name in schema.get("required", ()) if name not in properties}
        fixed = {**{name: properties[name] for name in required}, **asked}
        optional = {name: part for name, part in properties.items() if name not in fixed}
        objects = st.fixed_dictionaries(fixed, optional=optional)
        if properties or schema.get("additionalProperties") is False:
            return objects
        extra = st.dictionaries(_texts(), other, min_size=schema.get("minProperties", 0), max_size=schema.get("maxProperties", _MOST_ITEMS))
        return st.tuples(extra, objects).map(lambda parts: {**parts[0], **parts[1]})


def _anything() -> Values:
    leaves = st.none() | st.booleans() | _integers({}) | _floats({}) | _texts()
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts(), inner, max_size=3), max_leaves=6)


def _both(one: Schema, other: Schema) -> Schema:
    """A schema that combines two. If they have the same keyword, the combination may be imprecise; the filter does the rest."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return one and other
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    return merged


def _implied(schema: Mapping[str, Any]) -> str | None:
    """The type to which the keywords of a schema without `type` apply."""
    about = {
        "object": ("properties", "required", "additionalProperties"),
        "array": ("items", "prefixItems", "minItems", "maxItems"),
        "string": ("pattern", "minLength", "maxLength", "format"),
        "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    }
    return next((kind for kind, keywords in about.items() if any(keyword in schema for keyword in keywords)), None)


def _unique(schema: Mapping[str, Any]) -> Callable[[Any], str] | None:
    return repr if schema.get("uniqueItems") else None


def _integers(schema: Mapping[str, Any]) -> Values:
    low, high = _bounds(schema)
    step = schema.get("multipleOf", 1)
    step = step if isinstance(step, int) else 1
    first, last = -int(-low // step), int(high // step)
    if first > last:
        return st.nothing()
    return st.integers(first, last).map(lambda number: number * step)


def _floats(schema: Mapping[str, Any]) -> Values:
    low, high = _bounds(schema)
    return st.floats(low, high, allow_nan=False, allow_infinity=False) if low <= high else st.nothing()


def _bounds(schema: Mapping[str, Any]) -> tuple[float, float]:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    lowest = min(-_LARGE, high - _LARGE) if high is not None else -_LARGE
    highest = max(_LARGE, low + _LARGE) if low is not None else _LARGE
    return (lowest if low is None else low), (highest if high is None else high)


def _strings(schema: Mapping[str, Any]) -> Values:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"])
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]()
    least = schema.get("minLength", 0)
    return _texts(least, schema.get("maxLength", max(least, _LONGEST)))


def _texts(least: int = 0, most: int = _LONGEST) -> st.SearchStrategy[str]:
    return st.text(writable(), min_size=least, max_size=most)

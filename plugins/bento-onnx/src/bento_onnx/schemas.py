"""The schema of the default service's requests: the shapes and types of the model's inputs, with an example."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bento import ArtifactError
from bento.adapters import ArrayAdapter, JsonAdapter

from .values import DTYPES, TEXT, Input, sizes

if TYPE_CHECKING:
    from bento.artifact import JSON

_MOST_TEXTS = 100
"""The most values in an example, which is shown on a page."""


def reader(inputs: Sequence[Input]) -> JsonAdapter:
    """An adapter for requests with these inputs, as `feed` takes them. An ArtifactError if JSON cannot express an input."""
    tensors = {each.name: _schema(each) for each in inputs}
    examples: dict[str, JSON] = {
        name: shown[0] for name, tensor in tensors.items() if isinstance(shown := tensor.pop("examples"), list) and shown
    }
    properties: dict[str, JSON] = {**tensors}
    by_name: dict[str, JSON] = {"type": "object", "properties": properties, "required": [*tensors], "additionalProperties": False}
    if len(tensors) == 1:
        (name,) = tensors
        return JsonAdapter({"anyOf": [properties[name], by_name]}, example=examples.get(name))
    return JsonAdapter(by_name, example=examples if len(examples) == len(tensors) else None)


def _schema(declared: Input) -> dict[str, JSON]:
    if declared.type in DTYPES:
        return ArrayAdapter(sizes(declared), DTYPES[declared.type]).schema()
    if declared.type == TEXT:
        return _schema_of_texts(sizes(declared))
    raise ArtifactError(
        f"the input {declared.name!r} is a {declared.type}, which JSON has no form for: write a bento.Service with a slot for it and an api"
    )


def _schema_of_texts(shape: Sequence[int | None]) -> dict[str, JSON]:
    schema: dict[str, JSON] = {"type": "string"}
    few = math.prod(1 if size is None else size for size in shape) <= _MOST_TEXTS
    example: JSON = ""
    for size in reversed(shape):
        bounds: dict[str, JSON] = {} if size is None else {"minItems": size, "maxItems": size}
        schema = {"type": "array", "items": schema, **bounds}
        example = [example] * (1 if size is None else size) if few else None
    return {**schema, "examples": [example] if few else []}

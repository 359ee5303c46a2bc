"""Arrays in JSON Schema: nested lists of numbers, and an example."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from ..artifact import JSON
    from ._fit import Shape

_MOST_ZEROS = 1000
_SAFE_BYTES = 4


def schema_of(shape: Shape | None, dtype: np.dtype[Any] | None, example: JSON, *, has_null: bool) -> dict[str, JSON]:
    """The JSON Schema of an array. Without an `example` it shows zeros, if they are few enough for a page."""
    leaf = _leaf(dtype)
    types: list[JSON] = [leaf, "null"] if has_null else [leaf]
    examples: JSON = _zeros(shape, leaf) if example is None else [example]
    if shape is None:
        return {"type": ["array", *types], "examples": examples}
    schema: dict[str, JSON] = {"type": types if has_null else leaf, **_bounds(dtype)}
    for size in reversed(shape):
        bounds: dict[str, JSON] = {} if size is None else {"minItems": size, "maxItems": size}
        schema = {"type": "array", "items": schema, **bounds}
    return {**schema, "examples": examples}


def _leaf(dtype: np.dtype[Any] | None) -> str:
    """The type of one number."""
    kind = "f" if dtype is None else dtype.kind
    return {"b": "boolean", "f": "number"}.get(kind, "integer")


def _bounds(dtype: np.dtype[Any] | None) -> dict[str, JSON]:
    """The bounds of an integer of up to 32 bits. Not every JSON reader holds the bounds of wider integers exactly."""
    if dtype is None or dtype.kind not in "iu" or dtype.itemsize > _SAFE_BYTES:
        return {}
    import numpy as np

    bounds = np.iinfo(dtype)
    return {"minimum": int(bounds.min), "maximum": int(bounds.max)}


def _zeros(shape: Shape | None, leaf: str) -> list[JSON]:
    sizes = [1] if shape is None else [1 if size is None else size for size in shape]
    if math.prod(sizes) > _MOST_ZEROS:
        return []
    zeros: JSON = {"boolean": False, "integer": 0, "number": 0.0}[leaf]
    for size in reversed(sizes):
        zeros = [zeros] * size
    return [zeros]

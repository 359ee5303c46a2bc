"""Tensors of bytes, as JSON texts or as base64."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bento import DefinitionError, InvalidInput, Payload, UnsupportedMediaType
from bento.adapters import JsonAdapter

from .instances import as_bytes, is_json, values_of

if TYPE_CHECKING:
    import tensorflow as tf

    from bento.artifact import JSON

_JSON = "application/json"


class TextTensors:
    """Reads and writes tensors of bytes of a declared shape."""

    media_types: tuple[str, ...] = (_JSON,)

    def __init__(self, shape: Sequence[int | None] | None, example: JSON) -> None:
        if shape is not None and not all(size is None or (type(size) is int and size >= 0) for size in shape):
            raise DefinitionError(f"expected TfTensorAdapter(shape=(None, 4)) with a size or None for each axis, got {shape!r}")
        self._shape = None if shape is None else tuple(shape)
        self._example = example

    def decode(self, payload: Payload) -> tf.Tensor:
        """The tensor in a body."""
        import tensorflow as tf

        if not is_json(payload.media_type):
            raise UnsupportedMediaType(f"{payload.media_type!r} is not read here: expected {_JSON}")
        value = as_bytes(values_of(payload))
        try:
            tensor = tf.constant(value, tf.string)
        except (TypeError, ValueError) as error:
            raise InvalidInput("expected lists of equal lengths, with texts at equal depths") from error
        return self._fitted(tensor)

    def encode(self, value: Any, media_type: str) -> bytes:
        """A tensor, array or list of bytes as JSON."""
        import numpy as np

        return JsonAdapter().encode(_shown(np.asarray(value, dtype=object).tolist()), media_type)

    def schema(self) -> dict[str, JSON]:
        """The schema of nested lists of texts and base64 objects."""
        leaf: dict[str, JSON] = {"anyOf": [{"type": "string"}, {"type": "object", "required": ["b64"]}]}
        schema: dict[str, JSON] = {} if self._shape is None else leaf
        value: JSON = ""
        for size in reversed(self._shape or ()):
            bounds: dict[str, JSON] = {} if size is None else {"minItems": size, "maxItems": size}
            schema = {"type": "array", "items": schema, **bounds}
            value = [value] * (1 if size is None else size)
        return {**schema, "examples": [value if self._example is None else self._example]}

    def options(self) -> dict[str, JSON]:
        """The options for the manifest."""
        shape: JSON = None if self._shape is None else list(self._shape)
        given: dict[str, JSON] = {"shape": shape, "dtype": "string", "example": self._example}
        return {name: value for name, value in given.items() if value is not None}

    def _fitted(self, tensor: Any) -> tf.Tensor:
        import tensorflow as tf

        got, shape = tuple(tensor.shape), self._shape
        if shape is None or (len(got) == len(shape) and all(want in (None, size) for want, size in zip(shape, got, strict=True))):
            return tensor
        if got == (0,) and len(shape) > 1 and shape[0] in (None, 0):
            return tf.reshape(tensor, [size or 0 for size in shape])
        sizes = ", ".join("n" if size is None else str(size) for size in shape)
        raise InvalidInput(f"expected an array of shape ({sizes}{',' if len(shape) == 1 else ''}), got {got}")


def _shown(value: Any) -> JSON:
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        raise TypeError(f"expected texts or bytes, got {type(value).__name__}")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": b64encode(value).decode()}

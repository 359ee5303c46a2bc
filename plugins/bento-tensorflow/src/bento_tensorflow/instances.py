"""The JSON form of TensorFlow Serving's clients: `{"instances": [...]}`, in which `{"b64": "..."}` stands for bytes.

Source: TensorFlow Serving, RESTful API, predict in row format.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

from bento import BadInput, InvalidInput, Payload
from bento.adapters import JsonAdapter

_JSON = "application/json"
_OBJECT = re.compile(rb"\s*\{")
_START = re.compile(rb'\s*\{\s*"instances"\s*:')
_DEPTH = 32


def is_json(media_type: str) -> bool:
    """Whether a body with this media type is JSON. A body without a media type is."""
    return media_type in ("", _JSON) or media_type.endswith("+json")


def numbers_of(payload: Payload) -> Payload:
    """A payload with nothing but the array: the value of `instances`, or the body itself."""
    data = bytes(payload.data) if isinstance(payload.data, memoryview) else payload.data
    found = _START.match(data)
    if found is not None and data.count(b'"') == 2 and data.rstrip().endswith(b"}"):  # noqa: PLR2004 - the quotes around the key
        # The object has no other key and no texts, so the array can be cut out without parsing the body.
        return payload._replace(data=data[found.end() : data.rindex(b"}")])
    if _OBJECT.match(data) is None and "charset" not in payload.parameters:
        return payload
    return Payload(JsonAdapter().encode(values_of(payload), _JSON), _JSON)


def values_of(payload: Payload) -> Any:
    """The value of `instances`, or the whole document."""
    value = JsonAdapter().decode(payload)
    if not isinstance(value, dict) or "b64" in value:
        return value
    if "instances" not in value:
        keys = ", ".join(map(repr, value))
        raise InvalidInput(f"expected an array, or an object with 'instances', got one with {keys or 'nothing':.200}")
    return value["instances"]


def as_bytes(value: Any, depth: int = 0) -> Any:
    """Nested lists of bytes, made of nested lists of texts and `{"b64": ...}`."""
    if isinstance(value, list):
        if depth == _DEPTH:
            raise InvalidInput(f"expected at most {_DEPTH} axes")
        return [as_bytes(item, depth + 1) for item in value]
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str):
        try:
            return b64decode(value["b64"], validate=True)
        except ValueError as error:
            raise BadInput(f"the text under 'b64' is not base64: {error}") from error
    raise InvalidInput(f'expected texts, or bytes as {{"b64": "..."}}, got {str(value)[:40]!r}')

"""Strategies for the requests that an api's adapter declares to accept."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ..adapter import reads
from ..adapters import MultipartAdapter, _multipart
from ..payload import Payload
from ._schema import schema_like, values

if TYPE_CHECKING:
    from ..adapter import Adapter

Requests = st.SearchStrategy[Payload]

_JSON = "application/json"
_PIXELS = 4
_LONGEST = 64


def requests(adapter: Adapter[Any]) -> Requests:
    """Requests as an adapter declares them, in each media type that it also writes. An empty strategy if it declares too little."""
    if isinstance(adapter, MultipartAdapter):
        return _forms(adapter)
    if _JSON in adapter.media_types:
        return _documents(adapter)
    return st.one_of([*_others(adapter), *_examples(adapter)])


def _documents(adapter: Adapter[Any]) -> Requests:
    written = [media_type for media_type in adapter.media_types if "*" not in media_type]
    documents = values(_declared(adapter.schema())).map(lambda value: Payload(json.dumps(value).encode(), _JSON))
    return st.builds(lambda payload, media_type: _rewritten(adapter, payload, media_type), documents, st.sampled_from(written))


def _declared(schema: Mapping[str, Any]) -> Mapping[str, Any] | bool:
    """The schema itself, or, if it contains only examples, a schema for values like them."""
    examples = schema.get("examples", [])
    if set(schema) <= {"examples"} and examples not in ([], [{}]):
        return schema_like(examples)
    return schema


def _rewritten(adapter: Adapter[Any], payload: Payload, media_type: str) -> Payload:
    """The same request in another media type. A request that the adapter refuses is returned unchanged."""
    if media_type == _JSON:
        return payload
    try:
        body = adapter.encode(adapter.decode(payload), media_type)
    except (ValueError, TypeError):
        return payload
    return Payload.of(body, adapter.content_type(media_type, body))


def _others(adapter: Adapter[Any]) -> list[Requests]:
    """Requests for adapters that do not read JSON, according to their first media type."""
    first = adapter.media_types[0]
    if first.startswith("text/"):
        return [_texts(adapter.schema()).map(lambda text: Payload(text.encode(), first))]
    if first.startswith("image/"):
        return _images(adapter)
    return [st.binary(max_size=_LONGEST).map(lambda data: Payload(data, first))] if "*/*" in adapter.media_types else []


def _texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    return values(schema if schema.get("type") == "string" else {"type": "string"})


def _images(adapter: Adapter[Any]) -> list[Requests]:
    """Small images, grey and in colour, if the adapter can write them."""
    import numpy as np

    written = []
    for shape in ((1, 1), (_PIXELS, _PIXELS), (2, _PIXELS, 3), (_PIXELS, 1, 3)):
        for shade in (0, 128, 255):
            try:
                body = adapter.encode(np.full(shape, shade, np.uint8), adapter.media_types[0])
            except (ValueError, TypeError):
                continue
            written.append(Payload.of(body, adapter.media_types[0]))
    return [st.sampled_from(written)] if written else []


def _examples(adapter: Adapter[Any]) -> list[Requests]:
    """The examples of a schema, if it says that they are base64."""
    if not is_base64(adapter):
        return []
    found = [unpacked(adapter, example) for example in adapter.schema().get("examples", [])]  # type: ignore[union-attr]
    payloads = [payload for payload in found if payload]
    return [st.sampled_from(payloads)] if payloads else []


def is_base64(adapter: Adapter[Any]) -> bool:
    """Whether a schema says that its examples are bytes in base64."""
    return adapter.schema().get("contentEncoding") == "base64"


def unpacked(adapter: Adapter[Any], example: Any) -> Payload | None:
    """The request that a base64 example stands for, or None if it is not base64. Its media type is `contentMediaType` if that is read."""
    try:
        data = base64.b64decode(example, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None
    declared = adapter.schema().get("contentMediaType")
    return Payload(data, declared if isinstance(declared, str) and reads(adapter.media_types, declared) else adapter.media_types[0])


def _forms(adapter: MultipartAdapter) -> Requests:
    required = {name: requests(part) for name, part in adapter.parts.items() if name not in adapter.optional}
    optional = {name: requests(part) for name, part in adapter.parts.items() if name in adapter.optional}
    return st.fixed_dictionaries(required, optional=optional).map(form)


def form(parts: Mapping[str, Payload]) -> Payload:
    """A form with these parts."""
    body = _multipart.join(_multipart.Part(name, part.data, part.content_type, "file") for name, part in parts.items())
    return Payload.of(body, _multipart.content_type_of(body))


def of(adapter: Adapter[Any], given: Sequence[Any]) -> Sequence[Payload]:
    """The requests for values that an api can be called with. Payloads are returned unchanged."""
    return [value if isinstance(value, Payload) else _written(adapter, value) for value in given]


def _written(adapter: Adapter[Any], value: Any) -> Payload:
    body = adapter.encode(value, adapter.media_types[0])
    return Payload.of(body, adapter.content_type(adapter.media_types[0], body))

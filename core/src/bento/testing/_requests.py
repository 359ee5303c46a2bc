"""Requests that an api's adapter says it takes."""

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
    """Requests drawn from what an adapter declares, in each media type that it writes as well; nothing where it declares too little."""
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
    """What a schema allows, or, where it has nothing but examples, what is like them."""
    examples = schema.get("examples", [])
    if set(schema) <= {"examples"} and examples not in ([], [{}]):
        return schema_like(examples)
    return schema


def _rewritten(adapter: Adapter[Any], payload: Payload, media_type: str) -> Payload:
    """The same request in another media type; what the adapter refuses in the first place is sent as it is."""
    if media_type == _JSON:
        return payload
    try:
        body = adapter.encode(adapter.decode(payload), media_type)
    except (ValueError, TypeError):
        return payload
    return Payload.of(body, adapter.content_type(media_type, body))


def _others(adapter: Adapter[Any]) -> list[Requests]:
    """Requests of adapters that read no JSON, by the kind of bytes they read first."""
    first = adapter.media_types[0]
    if first.startswith("text/"):
        return [_texts(adapter.schema()).map(lambda text: Payload(text.encode(), first))]
    if first.startswith("image/"):
        return _images(adapter)
    return [st.binary(max_size=_LONGEST).map(lambda data: Payload(data, first))] if "*/*" in adapter.media_types else []


def _texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    return values(schema if schema.get("type") == "string" else {"type": "string"})


def _images(adapter: Adapter[Any]) -> list[Requests]:
    """Small pictures, grey and in colours, as far as the adapter itself writes them."""
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
    """The examples of a schema that says how a text in JSON stands for bytes."""
    if not is_base64(adapter):
        return []
    found = [unpacked(adapter, example) for example in adapter.schema().get("examples", [])]  # type: ignore[union-attr]
    payloads = [payload for payload in found if payload]
    return [st.sampled_from(payloads)] if payloads else []


def is_base64(adapter: Adapter[Any]) -> bool:
    """Whether a schema says that its examples are base64, as those of bytes are."""
    return adapter.schema().get("contentEncoding") == "base64"


def unpacked(adapter: Adapter[Any], example: Any) -> Payload | None:
    """The request that an example in base64 stands for, of the schema's `contentMediaType` if that is read; None if it is no base64."""
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
    """A form of these parts."""
    body = _multipart.join(_multipart.Part(name, part.data, part.content_type, "file") for name, part in parts.items())
    return Payload.of(body, _multipart.content_type_of(body))


def of(adapter: Adapter[Any], given: Sequence[Any]) -> Sequence[Payload]:
    """The requests that values stand for, as an api is called with them; payloads as they are."""
    return [value if isinstance(value, Payload) else _written(adapter, value) for value in given]


def _written(adapter: Adapter[Any], value: Any) -> Payload:
    body = adapter.encode(value, adapter.media_types[0])
    return Payload.of(body, adapter.content_type(adapter.media_types[0], body))

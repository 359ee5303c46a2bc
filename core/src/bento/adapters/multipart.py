"""Forms of named parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..adapter import Adapter, reads
from ..errors import BadInput, DefinitionError, InvalidInput, UnsupportedMediaType
from ..payload import Payload
from . import _multipart
from .bytes import File

if TYPE_CHECKING:
    from ..artifact import JSON

# What clients send as the content type of a part if they do not know a better one. The default of RFC 7578 is text/plain.
_VAGUE = ("application/octet-stream", "text/plain")


class MultipartAdapter(Adapter[dict[str, Any]]):
    """A form with an adapter for each part: `MultipartAdapter(image=ImageAdapter(), notes=JsonAdapter(), optional=["notes"])`.

    The value is a dict with every declared name; an optional part that was not sent is None. Parts with other names are ignored, and two
    parts with the same name are refused. A part is read as the first media type of its adapter if it has no content type, or if it has a
    generic one (`application/octet-stream` or `text/plain`) that its adapter does not read.
    """

    name = "multipart"
    media_types = (_multipart.MEDIA_TYPE,)

    def __init__(self, *, optional: Collection[str] = (), **parts: Adapter[Any]) -> None:
        self.parts = parts
        self.optional = frozenset([optional] if isinstance(optional, str) else optional)
        _check_parts(parts, self.optional)
        self.costly = any(adapter.costly for adapter in parts.values())

    def decode(self, payload: Payload) -> dict[str, Any]:
        if payload.media_type not in ("", *self.media_types):
            raise UnsupportedMediaType(f"{payload.media_type!r} is not read here: expected {self.media_types[0]}")
        found: dict[str, _multipart.Part] = {}
        for part in _multipart.split(payload):
            if part.name not in self.parts or _is_left_empty(part):
                continue
            if part.name in found:
                raise InvalidInput(f"the form has two parts named {part.name!r}: expected one")
            found[part.name] = part
        return {name: self._decode_part(name, found.get(name)) for name in self.parts}

    def encode(self, value: dict[str, Any], media_type: str) -> bytes:
        if not isinstance(value, Mapping):
            raise TypeError(f"expected a dict of parts as the answer, got a value of type {type(value).__name__!r}")
        unknown = ", ".join(repr(name) for name in value if name not in self.parts)
        if unknown:
            raise ValueError(f"the answer has the parts {unknown}: the form has {', '.join(self.parts)}")
        given = {name: value[name] for name in self.parts if name in value and (name not in self.optional or value[name] is not None)}
        for name in self.parts:
            if name not in given and name not in self.optional:
                raise ValueError(f"the answer has no part {name!r}")
        return _multipart.join(self._encode_part(name, item) for name, item in given.items())

    def alone(self, item: dict[str, Any]) -> dict[str, Any]:
        return {name: None if value is None else self.parts[name].alone(value) for name, value in item.items()}

    def stack(self, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [self.alone(item) for item in items]

    def content_type(self, media_type: str, body: bytes) -> str:
        return _multipart.content_type_of(body)

    def schema(self) -> dict[str, JSON]:
        schemas = {name: adapter.schema() for name, adapter in self.parts.items()}
        examples = {name: schema["examples"][0] for name, schema in schemas.items() if schema.get("examples")}  # type: ignore[index]
        required: list[JSON] = [name for name in self.parts if name not in self.optional]
        return {"type": "object", "properties": {**schemas}, "required": required, "examples": [examples]}

    def options(self) -> dict[str, JSON]:
        parts: dict[str, JSON] = {name: {"adapter": part.name, "options": part.options()} for name, part in self.parts.items()}
        return {"parts": parts, "optional": [*sorted(self.optional)]}

    def __repr__(self) -> str:
        parts = [f"{name}={adapter!r}" for name, adapter in self.parts.items()]
        optional = [f"optional={sorted(self.optional)!r}"] if self.optional else []
        return f"{type(self).__name__}({', '.join(parts + optional)})"

    def _decode_part(self, name: str, part: _multipart.Part | None) -> Any:
        if part is None:
            if name in self.optional:
                return None
            raise InvalidInput(f"the form has no part named {name!r}")
        try:
            return self.parts[name].decode(self._payload(name, part))
        except BadInput as error:
            # A plugin's own subclass of BadInput may take other arguments, so the nearest of bento's own classes is raised.
            kind = next(kind for kind in type(error).__mro__ if kind.__module__ == BadInput.__module__)
            raise kind(f"part {name!r}: {error}") from error

    def _payload(self, name: str, part: _multipart.Part) -> Payload:
        payload = part.payload()
        media_types = self.parts[name].media_types
        if not payload.media_type or reads(media_types, payload.media_type):
            return payload
        if payload.media_type in _VAGUE:
            return Payload(payload.data, "", payload.parameters, payload.filename)
        raise UnsupportedMediaType(f"does not read {payload.media_type!r}: expected one of {', '.join(media_types)}")

    def _encode_part(self, name: str, value: Any) -> _multipart.Part:
        adapter = self.parts[name]
        body = adapter.encode(value, adapter.media_types[0])
        filename = value.name or None if isinstance(value, File) else None
        return _multipart.Part(name, body, adapter.content_type(adapter.media_types[0], body), filename)


def _is_left_empty(part: _multipart.Part) -> bool:
    """Whether a part is a browser's file field in which no file was chosen."""
    return part.filename == "" and not len(part.data)


def _check_parts(parts: Mapping[str, Adapter[Any]], optional: Collection[str]) -> None:
    if not parts:
        raise DefinitionError("MultipartAdapter has no parts: name them, as in MultipartAdapter(image=BytesAdapter())")
    for name, adapter in parts.items():
        if not isinstance(adapter, Adapter):
            raise DefinitionError(f"MultipartAdapter({name}={adapter!r}): expected an adapter, such as BytesAdapter()")
    for name in optional:
        if name not in parts:
            raise DefinitionError(f"the optional part {name!r} is not among the parts: they are {', '.join(parts)}")

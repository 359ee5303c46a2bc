"""Files and other bytes, which are not decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from ..adapter import Adapter
from . import _multipart

if TYPE_CHECKING:
    from ..artifact import JSON
    from ..payload import Payload, ReadableBuffer


class File(bytes):
    """Bytes with the `name` of their file as the client sent it, without folders, and with their `media_type`. Either may be empty."""

    name: str
    media_type: str

    def __new__(cls, data: ReadableBuffer = b"", name: str = "", media_type: str = "") -> Self:
        file = super().__new__(cls, data)
        file.name, file.media_type = name, media_type
        return file


class BytesAdapter(Adapter[bytes]):
    """A body of any media type, or the only file of a form. The value is a `File`; the answer is any bytes."""

    name = "bytes"
    media_types = ("application/octet-stream", "*/*")

    def decode(self, payload: Payload) -> File:
        if payload.media_type == _multipart.MEDIA_TYPE:
            payload = _multipart.only_file(payload)
        return File(payload.data, payload.filename or "", payload.media_type)

    def encode(self, value: bytes, media_type: str) -> bytes:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise TypeError(f"expected bytes as the answer, got a value of type {type(value).__name__!r}")
        return bytes(value)

    def schema(self) -> dict[str, JSON]:
        return {"type": "string", "contentMediaType": "application/octet-stream", "examples": ["any bytes"]}

    @classmethod
    def for_annotation(cls, annotation: object) -> Self | None:
        return cls() if annotation in (bytes, File) else None

    @classmethod
    def for_value(cls, value: object) -> Self | None:
        return cls() if isinstance(value, bytes | bytearray | memoryview) else None

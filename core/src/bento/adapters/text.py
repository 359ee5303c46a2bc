"""Text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from ..adapter import Adapter
from ..errors import UnsupportedMediaType
from ..payload import says_utf8
from . import _multipart

if TYPE_CHECKING:
    from ..artifact import JSON
    from ..payload import Payload, ReadableBuffer


class TextAdapter(Adapter[str]):
    """Text of any `text/*` type, or the only file of a form, as a str.

    It is decoded with the charset that its content type names, by default UTF-8. Answers are always UTF-8.
    """

    name = "text"
    media_types = ("text/plain", "text/*", "multipart/*")

    def __init__(self, *, example: str | None = None) -> None:
        self._example = example

    def decode(self, payload: Payload) -> str:
        if payload.media_type.startswith("multipart/"):
            return _multipart.only_file(payload).text()
        if payload.media_type and not payload.media_type.startswith("text/"):
            raise UnsupportedMediaType(f"{payload.media_type!r} is not read here: expected text/plain")
        return payload.text()

    def decode_all(self, bodies: Sequence[ReadableBuffer], media_type: str) -> Sequence[str] | None:
        return [str(body, "utf-8") for body in bodies] if media_type == "" or media_type.startswith("text/") else None

    def ignores(self, media_type: str, parameters: Mapping[str, str]) -> bool:
        return says_utf8(parameters)

    def encode_all(self, result: Any, rows: Sequence[int | None], media_type: str) -> Sequence[bytes] | None:
        return [self.encode(value, media_type) for value in self.unstack(result, rows)]

    def encode(self, value: str, media_type: str) -> bytes:
        if not isinstance(value, str):
            raise TypeError(f"expected a text as the answer, got a value of type {type(value).__name__!r}")
        return value.encode()

    def schema(self) -> dict[str, JSON]:
        return {"type": "string", "examples": ["a text" if self._example is None else self._example]}

    def options(self) -> dict[str, JSON]:
        return {} if self._example is None else {"example": self._example}

    @classmethod
    def for_annotation(cls, annotation: object) -> Self | None:
        return cls() if annotation is str else None

    @classmethod
    def for_value(cls, value: object) -> Self | None:
        return cls() if isinstance(value, str) else None

"""JSON and msgpack documents."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Self

from ..adapter import Adapter
from ..artifact import instance_of
from ..errors import DefinitionError, UnsupportedMediaType
from ..payload import says_utf8
from . import _json, _msgpack

if TYPE_CHECKING:
    from ..artifact import JSON
    from ..payload import Payload, ReadableBuffer

_CLAIMED = (dict, list, tuple, set, int, float, bool, NoneType, Mapping, Sequence)


class JsonAdapter(Adapter[Any]):
    """Any JSON or msgpack document. A document is one item, even if it is a list; it is not checked against a schema or converted.

    A document has at most 100 levels. In JSON, integers beyond 64 bits become floats, and if a key appears twice, the last one counts. From
    msgpack you also get bytes, NaN and, for timestamps, aware datetimes.

    Answers may contain NumPy arrays and scalars, dataclasses, dates, UUIDs, Decimals (as text), sets and tuples; keys become text. The
    missing value and the missing time of pandas become null. NaN and infinities become null in JSON; with `nan="refuse"` they are a
    ValueError. `schema` (a JSON Schema) and `example` only document the api.
    """

    name = "json"
    media_types = ("application/json", "application/msgpack", "application/x-msgpack")

    def __init__(
        self,
        schema: Mapping[str, JSON] | None = None,
        *,
        example: JSON = None,
        nan: Literal["null", "refuse"] = "null",
    ) -> None:
        if nan not in ("null", "refuse"):
            raise DefinitionError(f"expected JsonAdapter(nan='null') or nan='refuse', got {nan!r}")
        if not isinstance(schema, Mapping | None):
            raise DefinitionError(f"expected JsonAdapter(schema={{...}}) with a JSON Schema, got {schema!r}")
        self._nan = nan
        self._example = example
        self._schema = dict(schema or {})

    def decode(self, payload: Payload) -> Any:
        media_type = payload.media_type
        if media_type in ("application/json", "") or media_type.endswith("+json"):
            return _json.load(payload)
        if media_type in _msgpack.MEDIA_TYPES:
            return _msgpack.load(payload)
        raise UnsupportedMediaType(f"{media_type!r} is not read here: expected one of {', '.join(self.media_types)}")

    def decode_all(self, bodies: Sequence[ReadableBuffer], media_type: str) -> Sequence[Any] | None:
        return list(map(_json.load_text, map(bytes, bodies))) if media_type in ("", "application/json") else None

    def ignores(self, media_type: str, parameters: Mapping[str, str]) -> bool:
        return says_utf8(parameters)

    def encode_all(self, result: Any, rows: Sequence[int | None], media_type: str) -> Sequence[bytes] | None:
        # The items of a result of another type, such as a dataclass, may have to be written by another adapter.
        return [self.encode(value, media_type) for value in self.unstack(result, rows)] if type(result) is list else None

    def encode(self, value: Any, media_type: str) -> bytes:
        if media_type in _msgpack.MEDIA_TYPES:
            return _msgpack.dump(value)
        body = _json.dump(value)
        if self._nan == "refuse" and b"null" in body:
            _json.check_finite(value)
        return body

    def schema(self) -> dict[str, JSON]:
        if self._example is not None:
            return {**self._schema, "examples": [self._example]}
        return dict(self._schema) or {"examples": [{}]}

    def options(self) -> dict[str, JSON]:
        given: dict[str, JSON] = {"schema": self._schema or None, "example": self._example, "nan": self._nan}
        return {name: value for name, value in given.items() if value not in (None, "null")}

    @classmethod
    def for_annotation(cls, annotation: object) -> Self | None:
        return cls() if _is_document(annotation) else None

    @classmethod
    def for_value(cls, value: object) -> Self | None:
        if isinstance(value, str | bytes):
            return None
        claimed = isinstance(value, dict | list | tuple | int | float | NoneType) or instance_of(value, "numpy", "generic")
        return cls() if claimed or (dataclasses.is_dataclass(value) and not isinstance(value, type)) else None


def _is_document(annotation: object) -> bool:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, UnionType):
        return all(map(_is_document, typing.get_args(annotation)))
    kind = origin or annotation
    return (
        any(kind is claimed for claimed in _CLAIMED)
        or typing.is_typeddict(kind)
        or (isinstance(kind, type) and dataclasses.is_dataclass(kind))
    )

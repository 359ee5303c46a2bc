"""Arrays of numbers, as JSON, msgpack, `.npy` or raw bytes."""

from __future__ import annotations

import math
import typing
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from ..adapter import Adapter
from ..artifact import instance_of
from ..errors import BadInput, DefinitionError, InvalidInput, UnsupportedMediaType
from ..payload import Payload, says_utf8
from . import _fit, _json, _msgpack, _nested, _options, _raw, _together
from ._pieces import PIECE
from ._release import release
from ._schema import schema_of

if TYPE_CHECKING:
    import numpy as np

    from ..artifact import JSON
    from ..payload import ReadableBuffer

    Array = np.ndarray[Any, Any]

_NPY = "application/x-npy"
_RAW = "application/octet-stream"


class ArrayAdapter(Adapter[Any]):
    """Arrays of booleans, integers or floats.

    `shape=(None, 4)` takes any number of rows of four numbers: a request adds its rows to a batch and gets as many back.
    Without a leading None, an item is a single row, and a batch has one axis more. A None elsewhere allows any size. A request is converted
    to `dtype` if no value is lost: integers to floats and to wider types, whole floats to integers, but never text.

    A body is one of these:

    * JSON: nested lists.
    * msgpack: nested lists, or the map `{"dtype": "<f4", "shape": [2, 3], "data": bytes}`, which is also how answers are written.
    * `.npy`.
    * The bare numbers, little-endian and in C order, if `dtype` and all sizes but at most one are declared.

    An array read from bytes is a view of the body: copy it before you change it in place. With `null="nan"`, a null in the nested lists of
    a request becomes NaN, which means a missing value; by default it is refused. Answers may be lists, too, and are converted to `dtype`.
    In answers NaN becomes null in JSON, and the hidden values of a masked array become NaN.
    """

    name = "array"
    media_types: tuple[str, ...] = ("application/json", "application/msgpack", _NPY, _RAW)

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        dtype: Any = None,
        *,
        example: JSON = None,
        null: Literal["nan", "refuse"] = "refuse",
    ) -> None:
        self._shape = None if shape is None else _options.checked_shape(shape)
        self._dtype = None if dtype is None else _options.checked_dtype(dtype)
        self._has_rows = self._shape is not None and self._shape[:1] == (None,)
        # Comparing this with a slice of an array's shape is much faster than comparing axis by axis.
        self._row_shape = self._shape[1:] if self._shape and self._has_rows else None
        if self._shape is None or self._dtype is None or self._shape.count(None) > 1:
            self.media_types = self.media_types[:-1]
        self._leaves = _options.checked_null(null, self._dtype)
        self._example = example
        if example is not None:
            self._check_example()

    def decode(self, payload: Payload) -> Array:
        media_type = payload.media_type
        if media_type in ("application/json", "") or media_type.endswith("+json"):
            array = _from_json(payload, self._leaves, self._dtype)
        elif media_type in _msgpack.MEDIA_TYPES:
            array = _from_msgpack(payload, self._leaves, self._dtype)
        elif media_type == _NPY:
            array = _raw.view(_raw.npy_layout(payload.data))
        elif media_type in self.media_types:
            array = _raw.view(self._bare_layout(payload))
        else:
            raise UnsupportedMediaType(f"{media_type!r} is not read here: expected one of {', '.join(self.media_types)}")
        if self._shape is not None and (array.shape[1:] != self._row_shape or not array.ndim):
            array = _fit.check_shape(array, self._shape)
        return array if self._dtype is None else _fit.convert(array, self._dtype)

    def decode_all(self, bodies: Sequence[ReadableBuffer], media_type: str) -> Sequence[Array] | None:
        if media_type not in ("application/json", ""):
            first = Payload(bodies[0], media_type)
            layout = self._layout(first)
            return None if layout is None else _together.read_alike(bodies, layout, self.decode(first))
        # Without a declared dtype, the dtype of each array depends on its own numbers.
        return None if self._shape is None or self._dtype is None else _together.read(bodies, self._shape, self._dtype)

    def ignores(self, media_type: str, parameters: Mapping[str, str]) -> bool:
        return says_utf8(parameters)

    def encode_all(self, result: Any, rows: Sequence[int | None], media_type: str) -> Sequence[bytes] | None:
        if not _is_numeric(result):
            return None
        if self._dtype is not None:
            result = _fit.convert(result, self._dtype)
        texts = _together.write(result, rows) if media_type == "application/json" else None
        return [self.encode(value, media_type) for value in self.unstack(result, rows)] if texts is None else texts

    def encode(self, value: Any, media_type: str) -> bytes:
        if self._dtype is not None:
            value = self._convert(value)
        if media_type == "application/json":
            return _json.dump_numbers(value) if _is_numeric(value) else _json.dump(value)
        array = _array(value)
        if media_type in _msgpack.MEDIA_TYPES:
            return _msgpack.dump(_raw.write_map(array) if _is_numeric(array) else array)
        return _raw.write_npy(array) if media_type == _NPY else self._to_raw(array)

    def rows(self, item: Array) -> int | None:
        return len(item) if self._has_rows else None

    def group(self, item: Array) -> Hashable:
        return item.dtype, item.shape[1:] if self._has_rows else item.shape

    def stack(self, items: Sequence[Array]) -> Array:
        import numpy as np

        if self._has_rows:
            return np.concatenate(items) if len(items) > 1 else items[0]
        return np.stack(items)

    def join(self, parts: Sequence[Array]) -> Array:
        import numpy as np

        if any(isinstance(part, np.ma.MaskedArray) for part in parts):
            masked: Array = np.ma.concatenate(parts)  # type: ignore[no-untyped-call]  # numpy declares no types for it
            return masked
        return np.concatenate(parts)

    def schema(self) -> dict[str, JSON]:
        return schema_of(self._shape, self._dtype, self._example, has_null=self._leaves == _nested.OR_NULL)

    def options(self) -> dict[str, JSON]:
        shape: JSON = None if self._shape is None else list(self._shape)
        dtype = None if self._dtype is None else self._dtype.name
        null: JSON = "nan" if self._leaves == _nested.OR_NULL else None
        given: dict[str, JSON] = {"shape": shape, "dtype": dtype, "example": self._example, "null": null}
        return {name: value for name, value in given.items() if value is not None}

    @classmethod
    def for_annotation(cls, annotation: object) -> Self | None:
        origin: Any = typing.get_origin(annotation) or annotation
        if not isinstance(origin, type) or (origin.__module__, origin.__qualname__) != ("numpy", "ndarray"):
            return None
        scalars = [typing.get_args(dtype) for dtype in typing.get_args(annotation)[1:]]
        return cls(dtype=next((scalar for (scalar,) in scalars if _options.is_number(scalar)), None))

    @classmethod
    def for_value(cls, value: object) -> Self | None:
        return cls() if instance_of(value, "numpy", "ndarray") else None

    def _layout(self, payload: Payload) -> _raw.Layout | None:
        """Where the numbers of a body lie as bytes. None if the body is nested lists, or a map with other keys."""
        if payload.media_type == _NPY:
            return _raw.npy_layout(payload.data)
        if payload.media_type not in _msgpack.MEDIA_TYPES:
            return self._bare_layout(payload)
        mapped = _msgpack.parse_around(payload.data, "data")
        return _raw.map_layout(mapped) if mapped is not None and mapped.keys() == _raw.KEYS else None

    def _bare_layout(self, payload: Payload) -> _raw.Layout:
        shape, dtype = self._declared()
        row = dtype.itemsize * math.prod(size for size in shape if size is not None)
        rows, rest = divmod(len(payload.data), row or 1)
        if rest:
            raise BadInput(f"expected a multiple of {row} bytes for {dtype} in the shape {_fit.describe(shape)}, got {len(payload.data)}")
        return payload.data, dtype.newbyteorder("<").str, [rows if size is None else size for size in shape], False

    def _to_raw(self, array: Array) -> bytes:
        shape, _ = self._declared()
        if not _fit.fits(array.shape, shape):
            raise ValueError(f"expected a result of shape {_fit.describe(shape)}, got {array.shape}")
        return _raw.little_endian(array).tobytes()

    def _declared(self) -> tuple[_fit.Shape, np.dtype[Any]]:
        """The declared shape and dtype, or UnsupportedMediaType, because bare numbers cannot be read without them."""
        if self._shape is None or self._dtype is None or _RAW not in self.media_types:
            raise UnsupportedMediaType(f"{_RAW!r} needs an adapter with a dtype, and a shape with at most one None")
        return self._shape, self._dtype

    def _convert(self, value: Any) -> Array:
        """A result in the declared dtype. If a value would be lost, it is a ValueError, not a BadInput: the client did nothing wrong."""
        array = _array(value)
        if not _is_numeric(array):
            raise TypeError(f"expected a result of {self._dtype}, got one of {array.dtype}")
        try:
            return _fit.convert(array, self._dtype or array.dtype)
        except InvalidInput as error:
            raise ValueError(f"the result does not fit: {error}") from error

    def _check_example(self) -> None:
        body = _json.dump(self._example)
        try:
            self.decode(Payload(body, "application/json"))
        except BadInput as error:
            raise DefinitionError(f"the example of ArrayAdapter does not fit: {error}") from error


def _from_json(payload: Payload, leaves: frozenset[type], dtype: np.dtype[Any] | None) -> Array:
    text = _json.source(payload)
    # Only this list refers to the value: with a second reference, `release` could not free it a few objects at a time.
    values = [_json.parse(text)]
    if b'"' in text if isinstance(text, bytes | bytearray) else '"' in text:
        raise _nested.fault(values[0], leaves)
    return _from_lists(values, len(text), leaves, dtype)


def _from_msgpack(payload: Payload, leaves: frozenset[type], dtype: np.dtype[Any] | None) -> Array:
    mapped = _msgpack.parse_around(payload.data, "data") if len(payload.data) > PIECE else None
    if mapped is not None:
        return _raw.view(_raw.map_layout(mapped))
    values = [_msgpack.parse(payload)]
    if isinstance(values[0], dict):
        return _raw.view(_raw.map_layout(values[0]))
    if not _nested.only_leaves(values[0], leaves):
        raise _nested.fault(values[0], leaves)
    return _from_lists(values, len(payload.data), leaves, dtype)


def _from_lists(values: list[Any], size: int, leaves: frozenset[type], dtype: np.dtype[Any] | None) -> Array:
    """The array of the only item of `values`, which is removed and freed if it is large. `size` is the length of its text in bytes."""
    array = _nested.from_lists(values[0], size // PIECE, leaves, dtype)
    if size > PIECE:
        release(values)
    return array


def _array(value: Any) -> Array:
    """A value as an array. The hidden values of a masked array become NaN, because they may not be meant for the client."""
    import numpy as np

    if isinstance(value, list) and value and hasattr(value[0], "mask"):
        value = np.ma.array(value)
    array = np.asarray(value)
    if not hasattr(value, "mask") or not np.ma.is_masked(value):
        return array
    filled: Array = np.ma.filled(value if array.dtype.kind == "f" else value.astype(float), np.nan)
    return filled


def _is_numeric(value: Any) -> bool:
    """Whether a result is an array of numbers that can be written from its memory. Subclasses may mean more than their memory holds."""
    import numpy as np

    return type(value) is np.ndarray and value.dtype.kind in _options.NUMBERS and value.dtype.char != "g"

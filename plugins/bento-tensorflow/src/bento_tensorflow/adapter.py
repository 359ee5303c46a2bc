"""Tensors as inputs and answers, in the formats of arrays and in that of TensorFlow Serving's clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from bento import Adapter, InvalidInput, instance_of
from bento.adapters import ArrayAdapter

from .instances import is_json, numbers_of
from .texts import TextTensors

if TYPE_CHECKING:
    from collections.abc import Hashable

    import tensorflow as tf

    from bento import Payload
    from bento.artifact import JSON

_HEADER = "bentoml-is-batch-request"
_STRING = "string"


class TfTensorAdapter(Adapter[Any]):
    """Tensors of booleans, integers, floats or, with `dtype="string"`, bytes, by the rules of `ArrayAdapter` for shapes and rows.

    JSON may also be `{"instances": [...]}`. If the shape has a leading None, a request with the header `Bentoml-Is-Batch-Request: false`
    contains a single row, and so does its answer. Tensors of bytes are JSON only: each element is a text (its UTF-8), or
    `{"b64": "..."}` for any bytes.

    `dtype` is a dtype of TensorFlow or its name. Without it, floats in JSON become `float32` and integers `int64`. Answers may be on any
    device. `bfloat16` is written as `float32`; NaN becomes null in JSON.
    """

    name = "tf-tensor"
    media_types: tuple[str, ...] = ArrayAdapter.media_types
    request_headers = (_HEADER,)

    def __init__(self, shape: Sequence[int | None] | None = None, dtype: Any = None, *, example: JSON = None) -> None:
        name = dtype.name if type(dtype).__module__.startswith("tensorflow.") else dtype
        self._arrays: ArrayAdapter | TextTensors = (
            TextTensors(shape, example) if name == _STRING else ArrayAdapter(shape, name, example=example)
        )
        self._has_rows = bool(shape) and shape is not None and shape[0] is None
        self._row = type(self)(shape[1:], dtype) if self._has_rows and shape is not None else None
        self._rank = None if shape is None else len(shape)
        self._dtype = name
        self.media_types = self._arrays.media_types

    def decode(self, payload: Payload) -> tf.Tensor:
        if self._row is not None and payload.headers.get(_HEADER, "").strip().lower() == "false":
            return self._row.decode(payload)
        return self._tensor(payload)

    def encode(self, value: Any, media_type: str) -> bytes:
        return self._arrays.encode(_as_array(value), media_type)

    def encode_all(self, result: Any, rows: Sequence[int | None], media_type: str) -> Sequence[bytes] | None:
        return None if isinstance(self._arrays, TextTensors) else self._arrays.encode_all(_as_array(result), rows, media_type)

    def rows(self, item: tf.Tensor) -> int | None:
        return int(item.shape[0]) if self._has_rows and item.ndim == self._rank else None

    def group(self, item: tf.Tensor) -> Hashable:
        shape = tuple(item.shape)
        return item.dtype, shape if self.rows(item) is None else shape[1:]

    def stack(self, items: Sequence[tf.Tensor]) -> tf.Tensor:
        import tensorflow as tf

        whole = [item if self.rows(item) is not None else item[tf.newaxis] for item in items]
        return whole[0] if len(whole) == 1 else tf.concat(whole, 0)

    def unstack(self, result: Any, rows: Sequence[int | None]) -> list[Any]:
        # One copy from the device for the whole batch, not one for each answer.
        return super().unstack(_as_array(result), rows)

    def join(self, parts: Sequence[Any]) -> Any:
        import numpy as np

        return np.concatenate(parts)

    def schema(self) -> dict[str, JSON]:
        return self._arrays.schema()

    def options(self) -> dict[str, JSON]:
        return self._arrays.options()

    @classmethod
    def for_annotation(cls, annotation: object) -> Self | None:
        is_tensor = isinstance(annotation, type) and annotation.__name__ == "Tensor" and annotation.__module__.startswith("tensorflow.")
        return cls() if is_tensor else None

    @classmethod
    def for_value(cls, value: object) -> Self | None:
        if not instance_of(value, "tensorflow", "Tensor"):
            return None
        return cls(dtype=_STRING) if getattr(value, "dtype", None) == _STRING else cls()

    def _tensor(self, payload: Payload) -> tf.Tensor:
        import tensorflow as tf

        if isinstance(self._arrays, TextTensors):
            return self._arrays.decode(payload)
        if not is_json(payload.media_type):
            return tf.constant(self._arrays.decode(payload))
        array = self._arrays.decode(numbers_of(payload))
        return tf.constant(array if self._dtype is not None else _as_of_python(array))


def _as_array(value: Any) -> Any:
    if not hasattr(value, "numpy"):
        return value
    array = value.numpy()
    return array.astype("float32") if getattr(array, "dtype", None) == "bfloat16" else array


def _as_of_python(array: Any) -> Any:
    """Numbers in the dtypes that TensorFlow gives to Python's. JSON has no infinity, so an infinite result was a number out of range."""
    import numpy as np

    if array.dtype.kind == "u":
        raise InvalidInput("expected numbers in the range of int64: dtype='uint64' reads larger ones")
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    if np.isinf(single).any():
        raise InvalidInput("expected numbers in the range of float32: dtype='float64' reads larger ones")
    return single

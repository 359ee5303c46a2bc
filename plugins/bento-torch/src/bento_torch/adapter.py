"""Tensors as inputs and answers, in the formats of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from bento import Adapter, InvalidInput, instance_of
from bento.adapters import ArrayAdapter

from .device import AUTO, check_device, find_device, options_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import numpy as np
    import torch

    from bento import Payload
    from bento.artifact import JSON
    from bento.payload import ReadableBuffer

    Array = np.ndarray[Any, Any]

_BFLOAT16 = "bfloat16"
_PREFIX = "torch."


class TensorAdapter(Adapter[Any]):
    """Tensors of booleans, integers or floats, by the rules of `ArrayAdapter` for shapes, rows, dtypes and media types.

    `dtype` is a dtype of PyTorch or its name. Without it, floats in JSON become `torch.float32` and integers `torch.int64`. A tensor is on
    `device`; as for a model, `auto` is the best device of the machine. Tensors are copied to a GPU through pinned memory. On the processor,
    a tensor shares the memory of the array that was read. If that memory is read-only, the tensor is a copy, because tensors are writable.

    Answers may be on any device and may need gradients. `bfloat16`, which only PyTorch has, is written as `float32`.
    """

    name = "tensor"
    media_types: tuple[str, ...] = ArrayAdapter.media_types

    def __init__(self, shape: Sequence[int | None] | None = None, dtype: Any = None, *, device: str = AUTO, example: JSON = None) -> None:
        self._dtype = None if dtype is None else str(dtype).removeprefix(_PREFIX) if _is_own(dtype) else dtype
        self._arrays = ArrayAdapter(shape, "float32" if self._dtype == _BFLOAT16 else self._dtype, example=example)
        self._device = check_device(device, type(self).__name__)
        self.media_types = self._arrays.media_types

    def decode(self, payload: Payload) -> torch.Tensor:
        array = self._arrays.decode(payload)
        if self._dtype is None and _is_json(payload.media_type):
            array = _as_of_python(array)
        return self._tensors([array])[0]

    def decode_all(self, bodies: Sequence[ReadableBuffer], media_type: str) -> Sequence[torch.Tensor] | None:
        arrays = self._arrays.decode_all(bodies, media_type)
        return None if arrays is None else self._tensors(arrays)

    def ignores(self, media_type: str, parameters: Mapping[str, str]) -> bool:
        return self._arrays.ignores(media_type, parameters)

    def encode_all(self, result: Any, rows: Sequence[int | None], media_type: str) -> Sequence[bytes] | None:
        import torch

        # Subclasses of tensors may define their own slicing.
        return self._arrays.encode_all(_as_array(result) if type(result) is torch.Tensor else result, rows, media_type)

    def encode(self, value: Any, media_type: str) -> bytes:
        return self._arrays.encode(_as_array(value) if _is_tensor(value) else value, media_type)

    def rows(self, item: torch.Tensor) -> int | None:
        return self._arrays.rows(item)

    def group(self, item: torch.Tensor) -> Hashable:
        return self._arrays.group(item)

    def alone(self, item: torch.Tensor) -> torch.Tensor:
        return self._placed(item)

    def stack(self, items: Sequence[torch.Tensor]) -> torch.Tensor:
        import torch

        first, device = items[0], find_device(self._device)
        if self._arrays.rows(first) is None:
            join, shape = torch.stack, (len(items), *first.shape)
        elif len(items) > 1:
            join, shape = torch.cat, (sum([item.shape[0] for item in items]), *first.shape[1:])
        else:
            return self._placed(first)
        pinned = device.type == "cuda" and first.device.type == "cpu"
        return join(tuple(items), out=torch.empty(shape, dtype=first.dtype, pin_memory=pinned)).to(device, non_blocking=pinned)

    def unstack(self, result: Any, rows: Sequence[int | None]) -> list[Any]:
        # One copy from the device for the whole batch, not one for each answer.
        return super().unstack(result.detach().cpu() if _is_tensor(result) else result, rows)

    def join(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        import torch

        # An api may return arrays and lists as well.
        return torch.cat(tuple(parts)) if all(map(_is_tensor, parts)) else self._arrays.join(parts)

    def schema(self) -> dict[str, JSON]:
        return self._arrays.schema()

    def options(self) -> dict[str, JSON]:
        dtype: dict[str, JSON] = {"dtype": self._dtype} if self._dtype == _BFLOAT16 else {}
        return {**self._arrays.options(), **dtype, **options_of(self._device)}

    @classmethod
    def for_annotation(cls, annotation: object) -> Self | None:
        named = (getattr(annotation, "__module__", None), getattr(annotation, "__qualname__", None))
        return cls() if isinstance(annotation, type) and named == ("torch", "Tensor") else None

    @classmethod
    def for_value(cls, value: object) -> Self | None:
        return cls() if _is_tensor(value) else None

    def _tensors(self, arrays: Sequence[Array]) -> list[torch.Tensor]:
        """Each array as a tensor with its own storage: views of one tensor would be saved with the data of all other requests."""
        import torch

        tensors = [torch.from_numpy(array if array.flags.writeable else array.copy()) for array in arrays]
        return [tensor.to(torch.bfloat16) for tensor in tensors] if self._dtype == _BFLOAT16 else tensors

    def _placed(self, tensor: torch.Tensor) -> torch.Tensor:
        device = find_device(self._device)
        if device.type != "cuda" or tensor.device.type != "cpu":
            return tensor.to(device)
        return tensor.pin_memory().to(device, non_blocking=True)


def _is_own(dtype: object) -> bool:
    return type(dtype).__module__ == "torch"


def _is_tensor(value: object) -> bool:
    return instance_of(value, "torch", "Tensor")


def _is_json(media_type: str) -> bool:
    return media_type in ("", "application/json") or media_type.endswith("+json")


def _as_of_python(array: Array) -> Array:
    """Numbers in the dtypes that PyTorch gives to Python's. JSON has no infinity, so an infinite result was a number out of range."""
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


def _as_array(tensor: torch.Tensor) -> Array:
    import torch

    here = tensor.detach().cpu().resolve_neg()
    if here.dtype.is_floating_point and here.dtype.itemsize < torch.float32.itemsize and here.dtype is not torch.float16:
        here = here.float()
    array: Array = here.numpy()
    return array

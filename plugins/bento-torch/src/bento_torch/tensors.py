"""Tensors as a safetensors file takes them: dense, of plain types, and without shared memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from bento import ArtifactError, type_name

Place = tuple[object, ...]

_KINDS = (torch.Tensor, nn.Parameter)
_DTYPES = frozenset(
    {
        *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64),
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64),
        *(torch.float8_e4m3fn, torch.float8_e4m3fnuz, torch.float8_e5m2, torch.float8_e5m2fnuz),
    }
)
"""The dtypes for which safetensors has a name."""
_PROGRAM = "keep the program of the model with TorchExportArtifact instead"


def checked(name: str, value: Any) -> torch.Tensor:
    """The tensor `name` of a module's state, if a file can hold it."""
    for fault in _faults(value):
        raise ArtifactError(f"cannot keep {name!r} of the model's state: it {fault}")
    tensor: torch.Tensor = value
    return tensor


def _faults(tensor: Any) -> Iterator[str]:
    """Why a file cannot hold a value, and what to do about it. Use the first reason."""
    if not isinstance(tensor, torch.Tensor):
        yield f"is a {type_name(tensor)} and not a tensor, as in quantised and custom modules: {_PROGRAM}"
    elif nn.parameter.is_lazy(tensor):
        yield "has no shape yet: call the model once before it is packed"
    elif tensor.is_quantized:
        yield f"is quantised, and means nothing without its scales: {_PROGRAM}"
    elif tensor.layout is not torch.strided or tensor.is_nested:
        yield f"is {'nested' if tensor.is_nested else 'sparse'}: make it dense with to_dense(), or {_PROGRAM}"
    elif type(tensor) not in _KINDS:
        yield f"is a {type_name(tensor)}, which means more than its values: {_PROGRAM}"
    elif tensor.is_meta:
        yield "is on the meta device, where it has no values: give the model its values first"
    elif tensor.dtype not in _DTYPES:
        yield f"has the dtype {tensor.dtype}, for which the format has no name: convert it with .to(...)"


def place_of(tensor: torch.Tensor) -> Place:
    """A key that is equal for two tensors if they are the same values in memory."""
    if not tensor.numel():
        return (id(tensor),)
    return tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride(), tensor.is_conj(), tensor.is_neg()


def axes_in_memory(tensor: torch.Tensor) -> list[int]:
    """The axes of a dense tensor from the outermost in memory to the innermost, such as 0, 2, 3, 1 for channels last."""
    own = list(range(tensor.ndim))
    if tensor.is_contiguous():
        return own
    order = sorted(own, key=lambda axis: -tensor.stride(axis))
    return order if tensor.permute(order).is_contiguous() else own


def apart(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors, contiguous; a tensor that overlaps another one in memory, as a view does, is replaced by a copy."""
    found = {name: tensor.resolve_conj().resolve_neg().contiguous() for name, tensor in tensors.items()}
    ends: dict[torch.device, int] = {}
    for name in sorted(found, key=lambda name: found[name].data_ptr()):
        tensor = found[name]
        if tensor.data_ptr() < ends.get(tensor.device, 0):
            found[name] = tensor.clone()
        else:
            ends[tensor.device] = tensor.data_ptr() + tensor.nbytes
    return found

"""The tensors in a model: how large they are, and which files contain their values.

Source: onnx 1.23, `onnx/onnx-ml.proto`, and docs/ExternalData.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from .protobuf import Value, fields, varints

CHILDREN: dict[str, dict[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": dict.fromkeys([5, 10], "TensorProto")
    | dict.fromkeys([6, 11], "GraphProto")
    | dict.fromkeys([22, 23], "SparseTensorProto"),
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
}
"""For each message, the fields through which a tensor can be reached."""
_GRAPH = 7
_OP_TYPE = 4
_COMPILED = b"EPContext"

_DIMS, _DATA_TYPE, _NAME, _RAW, _EXTERNAL, _LOCATION = 1, 2, 8, 9, 13, 14
_TYPED = frozenset({4, 5, 6, 7, 10, 11})
_IS_EXTERNAL = 1
_MOST_AXES = 255
"""More than any operator takes. There has to be a limit, because multiplying a hundred thousand sizes takes minutes."""
_BITS = {
    **dict.fromkeys([25, 26], 2),
    **dict.fromkeys([21, 22, 23], 4),
    **dict.fromkeys([2, 3, 9, 17, 18, 19, 20, 24], 8),
    **dict.fromkeys([4, 5, 10, 16], 16),
    **dict.fromkeys([1, 6, 12], 32),
    **dict.fromkeys([7, 11, 13, 14], 64),
    15: 128,
}
"""The bits per element of each data type, except text, and except types of six bits, whose packing is not specified."""


class External(NamedTuple):
    """The file outside of the model that contains the values of a tensor, and their place in it, in bytes."""

    tensor: str
    location: str
    offset: int
    size: int


@dataclass(slots=True)
class _Tensor:
    """One tensor as its message describes it. `typed` is the most that its lists of numbers and texts can hold."""

    dims: list[int]
    name: str = ""
    data_type: int = 0
    raw: int | None = None
    typed: int = 0
    external: bool = False
    where: dict[str, str] = field(default_factory=dict)


def has_graph(model: memoryview) -> bool:
    """Whether a message has a graph, and so is a model. A ValueError if it is damaged before the graph."""
    return any(number == _GRAPH for number, _ in fields(model))


def externals(model: memoryview) -> Iterator[External]:
    """The values that a model keeps in other files. A ValueError if it is not a model, or if a tensor is not of its declared size."""
    if not has_graph(model):
        raise ValueError("it has no graph")
    todo = [("ModelProto", model)]
    while todo:
        kind, message = todo.pop()
        if kind == "TensorProto":
            yield from _external(_tensor(message))
            continue
        for number, value in fields(message):
            if isinstance(value, int):
                continue
            if number in CHILDREN[kind]:
                todo.append((CHILDREN[kind][number], value))
            elif (kind, number, bytes(value[: len(_COMPILED) + 1])) == ("NodeProto", _OP_TYPE, _COMPILED):
                raise ValueError("it is compiled for a device, by code that lies elsewhere: take the model that it was compiled from")


def _tensor(message: memoryview) -> _Tensor:
    tensor = _Tensor([])
    for number, value in fields(message):
        if number == _DIMS:
            tensor.dims += varints(value)
        elif number in _TYPED:
            tensor.typed += 1 if isinstance(value, int) else max(1, len(value))
        elif isinstance(value, int):
            tensor.data_type = value if number == _DATA_TYPE else tensor.data_type
            tensor.external |= (number, value) == (_LOCATION, _IS_EXTERNAL)
        elif number == _NAME:
            tensor.name = str(value, "utf-8")
        elif number == _RAW:
            tensor.raw = len(value)
        elif number == _EXTERNAL:
            _add_entry(tensor.where, value)
    return tensor


def _add_entry(where: dict[str, str], entry: memoryview) -> None:
    pair: dict[int, Value] = dict(fields(entry))
    key, value = (str(text, "utf-8") if isinstance(text := pair.get(number, b""), memoryview | bytes) else "" for number in (1, 2))
    if key in where:
        raise ValueError(f"a tensor has two of {key!r}")
    where[key] = value


def _external(tensor: _Tensor) -> Iterator[External]:
    if len(tensor.dims) > _MOST_AXES:
        raise ValueError(f"the tensor {tensor.name!r} has {len(tensor.dims)} axes, of which at most {_MOST_AXES} are read")
    elements = math.prod(tensor.dims)
    if min(tensor.dims, default=0) < 0:
        raise ValueError(f"the tensor {tensor.name!r} has the shape {tensor.dims}")
    bits = _BITS.get(tensor.data_type)
    size = None if bits is None else -(-elements * bits // 8)
    if tensor.external or tensor.where:
        yield _place(tensor, size)
    elif tensor.raw is not None:
        if size is not None and size != tensor.raw:
            raise ValueError(f"the tensor {tensor.name!r} of shape {tensor.dims} has {tensor.raw} bytes, not {size}")
    elif elements > tensor.typed * 8 // min(8, bits or 8):
        raise ValueError(f"the tensor {tensor.name!r} of shape {tensor.dims} has values for {tensor.typed} at most")


def _place(tensor: _Tensor, size: int | None) -> External:
    where = tensor.where
    offset, length = where.get("offset") or "0", where.get("length") or "0"
    if not (where.get("location") and offset.isdecimal() and length.isdecimal()):
        raise ValueError(f"the tensor {tensor.name!r} lies in another file, at a place {where!s:.200} that is not valid")
    if int(length) and size not in (None, int(length)):
        raise ValueError(f"the tensor {tensor.name!r} of shape {tensor.dims} has {length} bytes, not {size}")
    return External(tensor.name, where["location"], int(offset), int(length) if size is None else size)

"""JSON values as the tensors that a model takes, and what it answers as values again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from bento import InvalidInput

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_TEXT = "tensor(string)"
_DTYPES = {
    "tensor(bool)": "bool",
    "tensor(double)": "float64",
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    **{f"tensor({sign}int{bits})": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
_KINDS = {"b": "b", "i": "iuf", "u": "iuf", "f": "iuf"}
"""Which kinds of numbers become one of a kind, if none is changed by it."""


class Input(Protocol):
    """What ONNX Runtime tells of a model's input: a size of None or a text is any size."""

    name: str
    type: str
    shape: Sequence[int | str | None]


def feed(request: Any, inputs: Sequence[Input]) -> dict[str, Array]:
    """The tensors in a request: an object of them by their names, or, for a model with one input, that alone."""
    if len(inputs) == 1 and not isinstance(request, Mapping):
        request = {inputs[0].name: request}
    names = [each.name for each in inputs]
    if not isinstance(request, Mapping) or set(request) != set(names):
        got = sorted(request) if isinstance(request, Mapping) else type(request).__name__
        raise InvalidInput(f"expected an object with {', '.join(map(repr, names))}, got {got!r}")
    return {each.name: _tensor(request[each.name], each) for each in inputs}


def _tensor(value: Any, declared: Input) -> Array:
    array = _array(value, declared)
    shape = [size if isinstance(size, int) else None for size in declared.shape]
    if len(shape) != array.ndim or any(size not in (None, got) for size, got in zip(shape, array.shape, strict=True)):
        sizes = ", ".join("n" if size is None else str(size) for size in shape)
        raise InvalidInput(f"expected {declared.name!r} of shape ({sizes}), got {array.shape}")
    return array


def _array(value: Any, declared: Input) -> Array:
    import numpy as np

    if declared.type != _TEXT and declared.type not in _DTYPES:
        raise ValueError(
            f"the input {declared.name!r} is a {declared.type}, which JSON has no form of: write a bento.Service that makes one"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InvalidInput(f"expected lists of equal lengths in {declared.name!r}") from error
    return _texts(array, declared) if declared.type == _TEXT else _numbers(array, declared)


def _texts(array: Array, declared: Input) -> Array:
    if array.dtype.kind != "U" and array.size:
        raise InvalidInput(f"expected texts in {declared.name!r}")
    return array.astype(object)


def _numbers(array: Array, declared: Input) -> Array:
    import numpy as np

    dtype = np.dtype(_DTYPES[declared.type])
    if array.dtype.kind not in _KINDS[dtype.kind] and array.size:
        raise InvalidInput(f"expected numbers that are {dtype} in {declared.name!r}")
    with np.errstate(invalid="ignore", over="ignore"):
        converted = array.astype(dtype)
    if dtype.kind in "iu" and not np.array_equal(converted, array):
        raise InvalidInput(f"expected numbers that are {dtype} in {declared.name!r}, got some that are not")
    if dtype.kind == "f" and np.isinf(converted).any():
        raise InvalidInput(f"expected numbers that are {dtype} in {declared.name!r}, got some that are too large")
    return converted

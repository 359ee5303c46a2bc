"""Converting JSON values to the tensors that a model takes, and its answers to JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from bento import InvalidInput, Payload
from bento.adapters import ArrayAdapter

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

TEXT = "tensor(string)"
DTYPES = {
    "tensor(bool)": "bool",
    "tensor(double)": "float64",
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    **{f"tensor({sign}int{bits})": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
_JSON, _NPY = "application/json", "application/x-npy"


class Input(Protocol):
    """An input of a model, as ONNX Runtime describes it. In its shape, None or a text stands for any size."""

    name: str
    type: str
    shape: Sequence[int | str | None]


def sizes(declared: Input) -> list[int | None]:
    """The shape that an input declares, with None for any size."""
    return [size if isinstance(size, int) else None for size in declared.shape]


def feed(request: Any, inputs: Sequence[Input]) -> dict[str, Array]:
    """The tensors in a request, by name. The request is an object of inputs by name, or, for a model with one input, that input alone."""
    if len(inputs) == 1 and not isinstance(request, Mapping):
        request = {inputs[0].name: request}
    names = [each.name for each in inputs]
    if not isinstance(request, Mapping) or set(request) != set(names):
        got = sorted(request) if isinstance(request, Mapping) else type(request).__name__
        raise InvalidInput(f"expected an object with {', '.join(map(repr, names))}, got {got!r:.200}")
    return {each.name: _tensor(request[each.name], each) for each in inputs}


def _tensor(value: Any, declared: Input) -> Array:
    shape = sizes(declared)
    if declared.type == TEXT:
        return _texts(value, shape, declared.name)
    # An array may contain NaN, which JSON does not have, so it is read as .npy. Anything else is read as JSON.
    media_type = _NPY if hasattr(value, "__array__") else _JSON
    try:
        array: Array = ArrayAdapter(shape, DTYPES[declared.type]).decode(Payload(ArrayAdapter().encode(value, media_type), media_type))
    except InvalidInput as error:
        raise InvalidInput(f"{declared.name!r}: {error}") from error
    return array


def _texts(value: Any, shape: Sequence[int | None], name: str) -> Array:
    import numpy as np

    # As objects, because NumPy's own text dtype gives every text the room of the longest one, and turns numbers beside texts into texts.
    array = np.array(value, dtype=object)
    if not all(isinstance(text, str) for text in array.flat):
        raise InvalidInput(f"{name!r}: expected texts, in lists of equal lengths")
    if len(shape) != array.ndim or any(size not in (None, got) for size, got in zip(shape, array.shape, strict=True)):
        told = ", ".join("n" if size is None else str(size) for size in shape)
        raise InvalidInput(f"{name!r}: expected an array of shape ({told}{',' if len(shape) == 1 else ''}), got {array.shape}")
    return array

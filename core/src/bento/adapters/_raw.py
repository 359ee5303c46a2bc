"""Arrays over the bytes of a body, and the `.npy` and msgpack forms, which carry dtype and shape as well.

An array is a view of the body wherever the layout allows it, so it is writable only if the body's buffer is. Every declared size is
compared with the number of bytes before an array is made.
"""

from __future__ import annotations

import io
import math
import re
import reprlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import BadInput

if TYPE_CHECKING:
    import numpy as np

    from ..payload import ReadableBuffer

    Array = np.ndarray[Any, Any]
    # The bytes of an array in a body, and its dtype, shape and Fortran order as the body declares them, not yet checked.
    Layout = tuple[ReadableBuffer, object, Sequence[object], bool]

_DTYPE = re.compile(r"[<>|=](b1|i1|u1|[iu][248]|f[248])")
_LARGEST_RANK = 32
_MOST_EMPTY = 1 << 16
KEYS = frozenset({"dtype", "shape", "data"})
"""The keys of the map that stands for an array in msgpack."""

# Source: NumPy Enhancement Proposal 1. The header is a Python literal; only the literals that array writers make are read.
_MAGIC = b"\x93NUMPY"
_LARGEST_HEADER = 4096
_SHAPE = r"\((?:\s*\d+\s*,)*(?:\s*\d+)?\s*\)"
_ENTRY = rf"\s*'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|{_SHAPE})\s*"
_HEADER = re.compile(rf"\s*\{{{_ENTRY},{_ENTRY},{_ENTRY},?\s*\}}\s*")


def view(layout: Layout) -> Array:
    """The array over the bytes of a layout, after a check of its dtype (written as NumPy does, such as `<f4`), shape and size."""
    import numpy as np

    data, dtype, shape, fortran_order = layout
    if not isinstance(dtype, str) or not _DTYPE.fullmatch(dtype):
        raise BadInput(f"{reprlib.repr(dtype)} is not a dtype that is read here: expected booleans, integers or floats, such as '<f4'")
    if len(shape) > _LARGEST_RANK or not all(type(size) is int and 0 <= size < 2**48 for size in shape):
        raise BadInput(f"{reprlib.repr(list(shape))} is not a shape: expected at most {_LARGEST_RANK} whole numbers")
    sizes = [size for size in shape if isinstance(size, int)]
    declared = math.prod(sizes) * np.dtype(dtype).itemsize
    if declared != len(data):
        raise BadInput(f"an array of {dtype} and shape {tuple(sizes)} takes {declared} bytes, got {len(data)}")
    # Rows without numbers cost the client nothing to send, but cost the server as much to answer as any other rows.
    if not declared and math.prod(filter(None, sizes)) > _MOST_EMPTY:
        raise BadInput(f"an array of shape {tuple(sizes)} holds no numbers: expected other sizes of at most {_MOST_EMPTY} in all")
    return native(np.frombuffer(data, dtype).reshape(sizes, order="F" if fortran_order else "C"))


def native(array: Array) -> Array:
    """The same numbers in this machine's byte order, aligned in memory."""
    if array.dtype.isnative and array.flags.aligned:
        return array
    return array.astype(array.dtype.newbyteorder("="))


def little_endian(array: Array) -> Array:
    """The same numbers as they are written to every format: little-endian and in C order."""
    import numpy as np

    if array.dtype.kind not in "biuf" or array.dtype.char == "g":
        raise TypeError(f"cannot write an array of {array.dtype} as bytes: convert it to numbers of at most 64 bits")
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")


def npy_layout(data: ReadableBuffer) -> Layout:
    """The layout of a `.npy` file of version 1, 2 or 3. Pickled objects and structured dtypes are refused."""
    body = memoryview(data).cast("B")
    start, size = _header_span(body)
    try:
        header = bytes(body[start : start + size]).decode("ascii")
    except UnicodeDecodeError as error:
        raise BadInput("the header of the .npy file is not ASCII text") from error
    found = _HEADER.fullmatch(header)
    entries = dict(zip(found.groups()[::2], found.groups()[1::2], strict=True)) if found else {}
    shape, order = entries.get("shape", ""), entries.get("fortran_order")
    if "descr" not in entries or not shape.startswith("(") or order not in ("True", "False"):
        raise BadInput(f"{reprlib.repr(header)} is not a header of a .npy file of numbers")
    sizes = [int(number) for number in shape.strip("()").split(",") if number.strip()]
    return body[start + size :], entries["descr"].strip("'"), sizes, order == "True"


def write_npy(array: Array) -> bytes:
    """An array as a `.npy` file of version 1."""
    import numpy as np

    file = io.BytesIO()
    np.lib.format.write_array(file, little_endian(array), version=(1, 0), allow_pickle=False)
    return file.getvalue()


def map_layout(value: Mapping[str, object]) -> Layout:
    """The layout of the map `{"dtype": "<f4", "shape": [2, 3], "data": bytes}`."""
    data, shape = value.get("data"), value.get("shape")
    if not isinstance(data, bytes | memoryview) or not isinstance(shape, list):
        raise BadInput("expected a map with dtype, shape and data, such as {'dtype': '<f4', 'shape': [2, 3], 'data': 24 bytes}")
    return data, value.get("dtype"), shape, False


def write_map(array: Array) -> dict[str, object]:
    """An array as the map that `map_layout` reads."""
    written = little_endian(array)
    return {"dtype": written.dtype.str, "shape": list(written.shape), "data": written.tobytes()}


def _header_span(body: memoryview) -> tuple[int, int]:
    """Where the header of a `.npy` file starts, and its length."""
    start = {1: 10, 2: 12, 3: 12}.get(body[6] if len(body) > len(_MAGIC) else 0)
    if start is None or len(body) < start or body[: len(_MAGIC)] != _MAGIC:
        raise BadInput("the body is not a .npy file of version 1, 2 or 3")
    size = int.from_bytes(body[8:start], "little")
    if size > min(_LARGEST_HEADER, len(body) - start):
        raise BadInput(f"the header of the .npy file declares {size} bytes: expected at most {_LARGEST_HEADER}, all in the body")
    return start, size

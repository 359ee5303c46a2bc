"""One array as `.npy` bytes: written without pickle, read as a view of a mapped file.

Source: NEP 1 and `numpy.lib.format`. Version 1.0 of the format is used; it holds every dtype, except those with field names beyond Latin-1.
"""

from __future__ import annotations

import io
import math
import mmap
from typing import IO, TYPE_CHECKING, Any

from ..errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_LONGEST_HEADER = 10_000
"""In bytes. This is NumPy's own limit for untrusted files."""


def write(file: IO[bytes], array: NDArray[Any], what: str) -> None:
    """Write an array. An ArtifactError, which calls the array `what`, if its dtype would not come back unchanged."""
    from numpy.lib import format as npy

    if array.dtype.hasobject:
        raise ArtifactError(f"{what} holds Python objects: expected numbers, texts or times, as astype() makes them")
    header = io.BytesIO()
    try:
        npy.write_array_header_1_0(header, npy.header_data_from_array_1_0(array))
        kept = _header(header.getvalue())[2]
    except ValueError as error:
        raise ArtifactError(
            f"{what} has a dtype that .npy cannot hold: its fields are too many, out of order or not named in Latin-1"
        ) from error
    if kept != array.dtype:
        raise ArtifactError(f"{what} has the dtype {array.dtype}, which would come back as {kept}: convert it with astype() or view()")
    npy.write_array(file, array, version=(1, 0), allow_pickle=False)


def map_file(path: Path) -> mmap.mmap:
    """A whole file, mapped read-only, in memory pages that all processes share."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def view(mapped: mmap.mmap, start: int, end: int) -> NDArray[Any]:
    """The array in `mapped[start:end]`. A ValueError if its declared size differs from the number of bytes there."""
    import numpy as np

    offset, shape, dtype, fortran = _header(mapped[start : min(end, start + _LONGEST_HEADER)])
    size = math.prod(shape) * dtype.itemsize
    if dtype.hasobject or min(shape, default=0) < 0:
        raise ValueError(f"an array cannot have the dtype {dtype} and the shape {shape}")
    if start + offset + size != end or end > len(mapped):
        raise ValueError(f"an array of dtype {dtype} and shape {shape} has {size} bytes, not {end - start - offset}")
    return np.ndarray(shape, dtype, mapped, start + offset, order="F" if fortran else "C")


def _header(beginning: bytes) -> tuple[int, tuple[int, ...], np.dtype[Any], bool]:
    """The length of an array's header, and the shape, dtype and order that it declares."""
    from numpy.lib import format as npy

    file = io.BytesIO(beginning)
    version = npy.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"expected version 1.0 of the .npy format, got {version[0]}.{version[1]}")
    shape, fortran, dtype = npy.read_array_header_1_0(file, max_header_size=_LONGEST_HEADER)
    return file.tell(), shape, dtype, fortran

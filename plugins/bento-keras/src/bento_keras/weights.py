"""A model's weights, as HDF5: written without what only training needs, and checked before Keras reads them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import IO, Any

_TRAINING = frozenset(["optimizer"])
_NUMBERS = "biufV"
"""Kinds of dtypes: numbers, and bytes of a fixed size for number types that HDF5 does not have, such as bfloat16."""


def copy_weights(source: IO[bytes], path: Path) -> None:
    """Copy the weights of a file without the optimizer's state, which is often twice as large as the weights."""
    import h5py

    with h5py.File(source, "r") as old, h5py.File(path, "w") as new:
        for name in sorted(old.keys() - _TRAINING):
            old.copy(name, new)


def check_weights(file: IO[bytes], size: int) -> None:
    """Raise a ValueError unless the file contains only groups of plain arrays.

    Refused are links, references to other files, filters, and sizes that the file does not have room for.
    """
    import h5py

    with h5py.File(file, "r") as weights:
        stored = sum(_sizes(weights, set()))
    if stored > size:
        raise ValueError(f"its weights declare {stored} bytes, and the file has {size}")


def _sizes(group: Any, seen: set[int]) -> list[int]:
    """The sizes in bytes of all arrays in a group. An array with two names is refused."""
    import h5py

    sizes: list[int] = []
    for name in group:
        if type(group.get(name, getlink=True)) is not h5py.HardLink:
            raise ValueError(f"its weights have a link, {name!r}")
        found = group[name]
        address = h5py.h5o.get_info(found.id).addr
        if address in seen:
            raise ValueError(f"its weights have {found.name!r} twice")
        seen.add(address)
        if isinstance(found, h5py.Group):
            sizes += _sizes(found, seen)
        else:
            sizes.append(_size(found))
    return sizes


def _size(array: Any) -> int:
    import h5py

    if not isinstance(array, h5py.Dataset) or array.dtype.kind not in _NUMBERS or array.dtype.fields:
        raise ValueError(f"its weights have {array.name!r}, which is not an array of numbers")
    if array.external or array.is_virtual or array.chunks is not None or array.shape is None:
        raise ValueError(f"the values of {array.name!r} are not plainly in the file")
    return int(math.prod(array.shape) * array.dtype.itemsize)

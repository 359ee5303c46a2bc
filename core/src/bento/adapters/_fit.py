"""Fitting an array to a declared dtype and shape without changing a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Shape = tuple[int | None, ...]

EXACT = 2**53 - 1
"""The largest integer that a float64 holds without ambiguity: 2**53 is also what 2**53 + 1 is rounded to."""


def describe(shape: Shape) -> str:
    """A declared shape as error messages show it, such as `(n, 4)`."""
    sizes = ", ".join("n" if size is None else str(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"


def fits(got: tuple[int, ...], shape: Shape) -> bool:
    """Whether an array's shape is the declared one."""
    if len(got) != len(shape):
        return False
    for want, size in zip(shape, got, strict=True):  # noqa: SIM110 - a generator would take as long as parsing a small body
        if want is not None and want != size:
            return False
    return True


def check_shape(array: Array, shape: Shape) -> Array:
    """The array, if it has the declared shape, otherwise InvalidInput. `[]` means no rows, whatever the shape of a row is."""
    got = array.shape
    if fits(got, shape):
        return array
    if got == (0,) and len(shape) > 1 and shape[0] in (None, 0):
        return array.reshape([size or 0 for size in shape])
    raise InvalidInput(f"expected an array of shape {describe(shape)}, got {got}")


def convert(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array in another dtype, or InvalidInput if a value would be lost.

    Floats may be rounded to a narrower dtype, but must not overflow to infinity. Only whole floats become integers.
    """
    if array.dtype == dtype:
        return array
    import numpy as np

    safe = not array.size or np.can_cast(array.dtype, dtype, "safe")
    if safe and array.dtype.kind != "f":
        return array.astype(dtype)
    # Bytes may hold a signalling NaN, about which NumPy would warn. It is treated as any other NaN.
    with np.errstate(over="ignore", invalid="ignore"):
        converted = array.astype(dtype)
        unfit = None if safe else _too_large(array, converted) if dtype.kind == "f" else _not_whole(array, dtype)
    if unfit is None or not unfit.any():
        return converted
    index = np.argwhere(unfit)[0]
    where = "".join(f"[{axis}]" for axis in index)
    raise InvalidInput(f"expected {_range(dtype)}, got {array[tuple(index)].item()!r}{' at ' + where if where else ''}")


def _too_large(array: Array, converted: Array) -> Array:
    import numpy as np

    unfit: Array = np.isinf(converted) & np.isfinite(array)
    return unfit


def _not_whole(array: Array, dtype: np.dtype[Any]) -> Array:
    import numpy as np

    smallest, largest = _bounds(dtype)
    if array.dtype.kind != "f":
        # Compared as Python integers: a bound may lie outside the array's own dtype.
        if smallest <= int(array.min()) and int(array.max()) <= largest:
            return np.zeros(array.shape, dtype=bool)
        return np.asarray((array.astype(object) < smallest) | (array.astype(object) > largest), dtype=bool)
    # Larger floats may already have been rounded, so it is unknown which integer was meant.
    smallest, largest = max(smallest, -EXACT), min(largest, EXACT)
    # In a narrow float the bounds themselves would be rounded, to a number that does not fit or to infinity.
    wide = array.astype(np.float64)
    unfit: Array = ~((wide >= smallest) & (wide <= largest) & (wide == np.floor(wide)))
    return unfit


def _bounds(dtype: np.dtype[Any]) -> tuple[int, int]:
    import numpy as np

    if dtype.kind == "b":
        return 0, 1
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def _range(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        return f"a number in the range of {dtype}"
    smallest, largest = _bounds(dtype)
    return f"true or false for {dtype}" if dtype.kind == "b" else f"a whole number from {smallest} to {largest} for {dtype}"

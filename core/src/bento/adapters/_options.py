"""The arguments of an ArrayAdapter, checked when it is made: shape, dtype, and what the lists of a request may contain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import DefinitionError
from . import _fit, _nested

if TYPE_CHECKING:
    import numpy as np

NUMBERS = "biuf"
"""The kinds of dtypes that a request can contain: booleans, integers, unsigned integers, floats."""


def checked_shape(shape: Sequence[int | None]) -> _fit.Shape:
    if not isinstance(shape, list | tuple) or not all(size is None or (type(size) is int and size >= 0) for size in shape):
        raise DefinitionError(f"expected ArrayAdapter(shape=(None, 4)) with a size or None for each axis, got {shape!r}")
    return tuple(shape)


def checked_dtype(dtype: Any) -> np.dtype[Any]:
    import numpy as np

    try:
        checked = np.dtype(dtype)
    except TypeError as error:
        raise DefinitionError(f"{dtype!r} is not a dtype: expected one of numbers or booleans, such as 'float32'") from error
    if checked.kind not in NUMBERS or checked.char == "g":
        raise DefinitionError(f"{dtype!r} cannot be read from a request: expected a dtype of numbers or booleans, such as 'float32'")
    native: np.dtype[Any] = checked.newbyteorder("=")
    return native


def checked_null(null: str, dtype: np.dtype[Any] | None) -> frozenset[type]:
    """The types that the lists of a request may contain."""
    if null not in ("nan", "refuse"):
        raise DefinitionError(f"expected ArrayAdapter(null='refuse') or null='nan', got {null!r}")
    if null == "nan" and dtype is not None and dtype.kind != "f":
        raise DefinitionError(f"null='nan' needs a dtype of floats, got {dtype.name!r}, which has no NaN")
    return _nested.OR_NULL if null == "nan" else _nested.NUMBERS


def is_number(scalar: Any) -> bool:
    """Whether the type argument of a hint is a single dtype that a request can contain, not `Any` or a family such as `np.floating`."""
    import numpy as np

    return scalar in np.sctypeDict.values() and np.dtype(scalar).kind in NUMBERS and np.dtype(scalar).char != "g"

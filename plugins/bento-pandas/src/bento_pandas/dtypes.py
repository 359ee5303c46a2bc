"""The option `dtype=` of an adapter: one for all columns, or one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bento import DefinitionError

if TYPE_CHECKING:
    from bento.artifact import JSON

DType = Any
"""A dtype of NumPy or pandas."""

_KINDS = {"b": "boolean", "i": "integer", "u": "integer", "f": "number", "M": "time", "m": "span", "O": "object", "U": "text"}
_NULLABLE = {
    *("BooleanDtype", "DatetimeTZDtype", "Float32Dtype", "Float64Dtype"),
    *(f"{kind}{bits}Dtype" for kind in ("Int", "UInt") for bits in (8, 16, 32, 64)),
}
_NUMBERS = "iuf"
_WITHOUT_ROOM = "biu"


@dataclass(frozen=True, slots=True)
class Dtypes:
    """The dtypes of columns: the dtype for a name if there is one, otherwise the one for all, otherwise None (pandas decides)."""

    by_name: Mapping[Any, DType] = field(default_factory=dict)
    all: DType = None

    @classmethod
    def of(cls, given: Any, columns: Sequence[str] | None) -> Dtypes:
        """The dtypes that the option `dtype=` names. Each may be a text, a Python type, or a dtype."""
        if given is None:
            return cls()
        if not isinstance(given, Mapping):
            return cls(all=_checked(given))
        for name in given:
            if columns is not None and name not in columns:
                raise DefinitionError(f"dtype= has the column {name!r}, which is not among {list(columns)!r}")
        return cls({name: _checked(dtype) for name, dtype in given.items()})

    def get(self, name: Any) -> DType:
        """The dtype of a column; None if any dtype is allowed."""
        return self.by_name.get(name, self.all)

    @property
    def numbers(self) -> DType:
        """The dtype of all columns, if there is only one and it is a NumPy dtype of numbers; otherwise None."""
        return self.all if is_numpy(self.all) and self.all.kind in _NUMBERS else None

    def options(self) -> JSON:
        """The option as JSON, for the manifest."""
        if self.all is not None:
            return _described(self.all)
        return {str(name): _described(dtype) for name, dtype in self.by_name.items()} or None


def kind_of(dtype: DType) -> str | None:
    """The kind of values that a dtype holds, or None if requests cannot contain such values."""
    if is_numpy(dtype):
        fits = dtype.char != "g" and not (dtype.kind in "mM" and dtype.str[3:] == "")
        return _KINDS.get(dtype.kind) if fits else None
    name = type(dtype).__name__
    if name in ("CategoricalDtype", "StringDtype"):
        return "category" if name == "CategoricalDtype" else "text"
    return _KINDS[dtype.kind] if name in _NULLABLE else None


def is_numpy(dtype: DType) -> bool:
    """Whether a dtype is a NumPy dtype."""
    import numpy as np

    return isinstance(dtype, np.dtype)


def has_room(dtype: DType) -> bool:
    """Whether a column of a dtype can have missing values."""
    return not (is_numpy(dtype) and dtype.kind in _WITHOUT_ROOM)


def _checked(dtype: Any) -> DType:
    import pandas as pd

    try:
        checked = pd.api.types.pandas_dtype(dtype)
    except (TypeError, ValueError) as error:
        raise DefinitionError(f"{dtype!r} is not a dtype: expected one like 'float64', 'Int64', 'str' or 'category'") from error
    if kind_of(checked) is None:
        raise DefinitionError(
            f"{dtype!r} cannot be read from a request: expected one of numbers, booleans, texts, categories, or times with a unit"
        )
    return checked


def _described(dtype: DType) -> JSON:
    categories = getattr(dtype, "categories", None)
    return str(dtype) if categories is None else {"categories": categories.tolist(), "ordered": bool(dtype.ordered)}

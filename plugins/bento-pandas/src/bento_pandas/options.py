"""The options of the adapter, checked when it is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bento import DefinitionError

from .documents import ORIENTS

MAX_BYTES = 1 << 29
"""Half a gigabyte."""


def checked_orient(orient: Any) -> str | None:
    """The value, if it is the name of a form of JSON documents, or None."""
    if orient is not None and orient not in ORIENTS:
        raise DefinitionError(f"expected orient= one of {', '.join(map(repr, ORIENTS))}, got {orient!r}")
    return orient if orient is None else str(orient)


def checked_columns(columns: Any) -> tuple[str, ...] | None:
    """The value, if it is a sequence of different names, or None."""
    if columns is None:
        return None
    if isinstance(columns, str) or not isinstance(columns, Sequence) or not all(isinstance(name, str) for name in columns):
        raise DefinitionError(f"expected columns=['a', 'b'] with a text for each column, got {columns!r}")
    if len(set(columns)) != len(columns) or not columns:
        raise DefinitionError(f"expected columns= with one name or more, each of them once, got {columns!r}")
    return tuple(columns)


def checked_bytes(max_bytes: Any) -> int:
    """The value, if it is a valid number of bytes."""
    if type(max_bytes) is not int or max_bytes < 1:
        raise DefinitionError(f"expected max_bytes= a whole number of bytes, got {max_bytes!r}")
    return max_bytes

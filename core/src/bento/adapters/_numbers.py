"""Lists of numbers, which most small bodies are, read without a full JSON parser. The function here is the fallback: only the compiled
version of it reads anything, because in Python this would be slower than the parser.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..compiled import compiled

if TYPE_CHECKING:
    from ..payload import ReadableBuffer
    from ._fit import Shape


@compiled
def plain_numbers(bodies: Sequence[ReadableBuffer], shape: Shape) -> tuple[bytearray, list[int]] | None:  # noqa: ARG001 - read in C
    """The numbers of JSON bodies, if each is nothing but lists of numbers in a declared shape; and how many elements each list has.

    The numbers are the bytes of doubles, body after body. None if a body contains anything else, or if a number is not exactly a
    double. This Python version always returns None.
    """
    return None

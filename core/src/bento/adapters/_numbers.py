"""Numbers in lists, which most small bodies are, read without a parser that knows all of JSON. Only compiled code does so: in Python that
would take longer than such a parser.
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

    The numbers are the bytes of doubles, body after body. None if there is more to one of the bodies, or if a number is not exactly a
    double; and always from this form, which reads none.
    """
    return None

"""Numbers in lists, which most small bodies are, read without a parser that knows all of JSON: by what is compiled, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..compiled import compiled

if TYPE_CHECKING:
    from ..payload import ReadableBuffer
    from ._fit import Shape


@compiled
def plain_numbers(bodies: Sequence[ReadableBuffer], shape: Shape) -> tuple[bytearray, list[int]] | None:  # noqa: ARG001 - see below
    """The numbers of JSON bodies as doubles, if they are nothing but lists of numbers in a declared shape, and how long each list is.

    None if there is more to one of them. Python would take longer for it than a parser of all of JSON, so it reads none.
    """
    return None

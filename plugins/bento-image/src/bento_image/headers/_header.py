"""The header of an image file, and the errors that all readers share."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from bento import BadInput, InvalidInput


@dataclass(frozen=True, slots=True)
class Header:
    """The format, the declared size, and the largest number of pixels that decoding has to allocate at once."""

    format: str
    width: int
    height: int
    pixels: int

    @classmethod
    def of(cls, format: str, width: int, height: int, *, tile: int = 0) -> Header:
        """The header of an image. A size of zero pixels is refused; `tile` is the number of pixels in the largest tile."""
        if width < 1 or height < 1:
            raise damaged(format, f"it declares {width} x {height} pixels")
        return cls(format, width, height, max(width * height, tile))


def damaged(format: str, why: str) -> BadInput:
    """The error for a file that violates its format."""
    return BadInput(f"the {format} file is damaged: {why}")


def animated(format: str) -> InvalidInput:
    """The error for a file with more than one picture."""
    return InvalidInput(f"the {format} file holds several pictures: expected one")


def unpack(format: str, layout: str, data: bytes, position: int) -> tuple[int, ...]:
    """The numbers at a position in a file. A BadInput if the file ends before them."""
    try:
        return struct.unpack_from(layout, data, position)
    except (struct.error, OverflowError) as error:
        raise damaged(format, "it ends too early") from error

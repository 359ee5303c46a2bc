"""A file's header, and the refusals that all readers share."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from bento import BadInput, InvalidInput


@dataclass(frozen=True, slots=True)
class Header:
    """The format, the declared size, and the most pixels that decoding has to make room for at once."""

    format: str
    width: int
    height: int
    pixels: int

    @classmethod
    def of(cls, format: str, width: int, height: int, *, tile: int = 0) -> Header:
        """The header of an image of one pixel or more, whose largest tile has `tile` pixels."""
        if width < 1 or height < 1:
            raise damaged(format, f"it declares {width} x {height} pixels")
        return cls(format, width, height, max(width * height, tile))


def damaged(format: str, why: str) -> BadInput:
    """The refusal of a file that its format does not allow."""
    return BadInput(f"the {format} file is damaged: {why}")


def animated(format: str) -> InvalidInput:
    """The refusal of more than one picture."""
    return InvalidInput(f"the {format} file holds several pictures: expected one")


def unpack(format: str, layout: str, data: bytes, position: int) -> tuple[int, ...]:
    """Numbers at a position of a file; where it ends before them, it has been cut off."""
    try:
        return struct.unpack_from(layout, data, position)
    except (struct.error, OverflowError) as error:
        raise damaged(format, "it ends too early") from error

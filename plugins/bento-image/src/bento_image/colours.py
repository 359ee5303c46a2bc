"""Colours: images in any Pillow mode as grey, RGB or RGBA with 8 bits a channel, and grey of 16 bits unchanged.

If the mode has no alpha, it is dropped, as in Pillow and OpenCV: transparent pixels get the colour that the file gives them.
Embedded colour profiles are ignored, and CMYK is converted without one. Sixteen bits are scaled to eight, never truncated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bento import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Grey = np.ndarray[Any, np.dtype[np.uint16]]

MODES = ("L", "RGB", "RGBA")
"""The modes that an image can be read in."""

_16_BITS = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
WITHOUT_WHITE = {"I": "32-bit integers", "F": "floating-point numbers"}
"""Pillow modes whose pixels are measurements, not colours, so there is no value for white."""


def is_deep(image: Image) -> bool:
    """Whether an image is grey with 16 bits, the only Pillow mode of colours with more than 8."""
    return image.mode in _16_BITS


def convert(image: Image, mode: str) -> Image:
    """An image in one of `MODES`."""
    if image.mode == mode:
        return image
    if image.mode in WITHOUT_WHITE:
        raise InvalidInput(f"the image has pixels of {WITHOUT_WHITE[image.mode]}, which have no white: expected at most 16 bits")
    if is_deep(image):
        image = to_8_bits(image)
    if mode != "RGBA":
        image.info.pop("transparency", None)  # otherwise Pillow would search the palette for a transparent colour, which is not needed
    try:
        return image.convert(mode)
    except ValueError as error:
        raise InvalidInput(f"the image has the colours {image.mode}, which cannot become {mode}: convert it before it is sent") from error


def to_8_bits(image: Image) -> Image:
    """A grey image of 16 bits in 8 bits, rounded."""
    import numpy as np
    import PIL.Image

    return PIL.Image.fromarray(((deep_grey(image).astype(np.uint32) + 128) // 257).astype(np.uint8))


def deep_grey(image: Image) -> Grey:
    """The pixels of a grey image of 16 bits, in this machine's byte order."""
    import numpy as np

    return np.array(image, dtype=np.uint16)


def bare(image: Image) -> Image:
    """A copy of an image's pixels, without its file, its orientation and other metadata."""
    from PIL.ImageFile import ImageFile

    if isinstance(image, ImageFile):
        image = image.copy()
    image.info.clear()
    return image

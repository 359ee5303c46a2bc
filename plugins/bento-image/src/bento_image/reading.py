"""From a file's bytes to a decoded, upright Pillow image, within a limit of pixels."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING

from bento import BadInput, TooLarge

from .headers import read_header

if TYPE_CHECKING:
    from PIL.Image import Image

# Pillow's own `open` would load dozens of readers that are not needed, and treat a photo with an embedded preview as two pictures.
_READERS = {
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
}
# Source: EXIF 2.3, tag 0x0112.
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
_LONGEST_REASON = 200


def read(data: bytes, max_pixels: int) -> Image:
    """The picture in a JPEG, PNG, WebP, BMP or TIFF file, turned upright. A file with more than `max_pixels` is refused undecoded."""
    header = read_header(data)
    _check_size((header.width, header.height), header.pixels, max_pixels)
    module, reader = _READERS[header.format]
    from PIL.Image import DecompressionBombError

    try:
        with getattr(import_module(module), reader)(BytesIO(data)) as image:
            _check_size(image.size, image.width * image.height, max_pixels)
            image.load()
            return _upright(image)
    except TooLarge:
        raise
    except DecompressionBombError as error:
        raise TooLarge(f"the {header.format} file is larger than Pillow reads one: {error}: raise PIL.Image.MAX_IMAGE_PIXELS") from error
    except Exception as error:
        # Pillow raises nearly any exception for a damaged file.
        reason = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
        raise BadInput(f"the {header.format} file is damaged: {reason}") from error


def _check_size(size: tuple[int, int], pixels: int, max_pixels: int) -> None:
    if pixels > max_pixels:
        raise TooLarge(f"the image has {size[0]} x {size[1]} pixels: expected at most {max_pixels}")


def _upright(image: Image) -> Image:
    method = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    if method is None:
        return image
    from PIL.Image import Transpose

    return image.transpose(Transpose[method])

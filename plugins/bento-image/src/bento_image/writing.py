"""From a Pillow image to a file's bytes: PNG and WebP without loss, JPEG with loss."""

from __future__ import annotations

from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

from . import colours

if TYPE_CHECKING:
    from PIL.Image import Image

_GREY = frozenset({"1", "L", "LA"})
_OF_PNG = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})


def write(image: Image, media_type: str, quality: int) -> bytes:
    """An image as a file of the media type, or as PNG if that is not an `image/...` type. A ValueError if Pillow cannot write it."""
    if image.mode in colours.WITHOUT_WHITE:
        raise ValueError(f"an image of mode {image.mode!r} has no white: return one of mode 'L', 'I;16' or 'RGB'")
    return _WRITERS.get(media_type, _png)(image, quality)


def _png(image: Image, _: int) -> bytes:
    if colours.is_deep(image) and image.mode != "I;16":
        image = import_module("PIL.Image").fromarray(colours.deep_grey(image))
    # The default, level 6, takes three to four times as long and saves only a sixth to a fifth of the size.
    return _save(image if image.mode in _OF_PNG else image.convert("RGB"), "Png", compress_level=1)


def _jpeg(image: Image, quality: int) -> bytes:
    image = _shallow(image)
    return _save(image.convert("L" if image.mode in _GREY else "RGB"), "Jpeg", quality=quality)


def _webp(image: Image, _: int) -> bytes:
    image = _shallow(image)
    has_alpha = image.mode in ("RGBA", "LA", "PA", "RGBa") or "transparency" in image.info
    # `exact` keeps the colours of transparent pixels.
    return _save(image.convert("RGBA" if has_alpha else "RGB"), "WebP", lossless=True, exact=True, method=0, quality=0)


def _shallow(image: Image) -> Image:
    return colours.to_8_bits(image) if colours.is_deep(image) else image


def _save(image: Image, writer: str, **options: Any) -> bytes:
    import_module(f"PIL.{writer}ImagePlugin")  # so that Pillow does not load all of its writers
    file = BytesIO()
    try:
        image.save(file, writer.upper(), **options)
    except (OSError, ValueError) as error:
        raise ValueError(f"the image cannot be written as {writer.upper()}: {error}") from error
    return file.getvalue()


_WRITERS = {"image/jpeg": _jpeg, "image/webp": _webp}

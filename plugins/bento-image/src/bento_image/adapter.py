"""The two adapters: one for images as arrays, one for Pillow images."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Collection, Hashable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Self, TypeVar

from bento import Adapter, InvalidInput, Payload, UnsupportedMediaType, instance_of
from bento.adapters import BytesAdapter

from . import arrays, colours
from .options import EXTENSIONS, MAX_PIXELS, QUALITY, checked_choice, checked_extensions, checked_number, checked_size

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from bento.artifact import JSON

    Array = np.ndarray[Any, Any]

T = TypeVar("T")

_BYTES = "application/octet-stream"
_READ = ("", "image", "multipart")
_BEST = 100
# Two by two pixels: red and green above blue and white.
_EXAMPLE = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR42mP4z8DA8J+BkYHh////DAAe9gT9CzF8CQAAAABJRU5ErkJggg=="


class _EitherAdapter(Adapter[T]):
    """The base of both adapters: which images are read, which are refused, and how answers are written."""

    media_types = ("image/png", "image/jpeg", "image/webp", _BYTES, "image/*", "multipart/*")
    costly = True

    def __init__(
        self, mode: str, size: tuple[int, int] | None, *, extensions: Collection[str] | None, max_pixels: int, quality: int
    ) -> None:
        self._mode = checked_choice("mode", mode, colours.MODES)
        self._size = checked_size(size)
        self._extensions = checked_extensions(extensions)
        self._max_pixels = checked_number("max_pixels", max_pixels, sys.maxsize)
        self._quality = checked_number("quality", quality, _BEST)

    def decode(self, payload: Payload) -> T:
        if payload.media_type.partition("/")[0] not in _READ and payload.media_type != _BYTES:
            raise UnsupportedMediaType(f"{payload.media_type!r} is not read here: expected an image, or a form with one file")
        file = BytesAdapter().decode(payload)
        self._check_name(file.name)
        from .reading import read

        return self._value(read(file, self._max_pixels))

    def encode(self, value: Any, media_type: str) -> bytes:
        from .writing import write

        return write(self._image(value), media_type, self._quality)

    def schema(self) -> dict[str, JSON]:
        return {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png", "examples": [_EXAMPLE]}

    def options(self) -> dict[str, JSON]:
        given: dict[str, tuple[JSON, JSON]] = {
            "mode": (self._mode, "RGB"),
            "size": (None if self._size is None else [*self._size], None),
            "extensions": ([*self._extensions], [*EXTENSIONS]),
            "max_pixels": (self._max_pixels, MAX_PIXELS),
            "quality": (self._quality, QUALITY),
        }
        return {name: value for name, (value, default) in given.items() if value != default}

    @abstractmethod
    def _value(self, image: Image) -> T:
        """The value that the api gets for a decoded image."""

    def _image(self, value: Any) -> Image:
        """The value that the api returned, as a Pillow image."""
        return arrays.image_of(value, "HWC")

    def _check_name(self, name: str) -> None:
        extension = PurePosixPath(name).suffix.lower()
        if extension and extension not in self._extensions:
            raise InvalidInput(f"expected a file whose name ends in {', '.join(self._extensions)}, got {name[-80:]!r}")


class ImageAdapter(_EitherAdapter["Array"]):
    """Images as arrays: of shape (height, width, 3) in mode `RGB`, (height, width, 4) in `RGBA` and (height, width) in `L`, grey.

    With `layout="CHW"` the colour channels come first. White is 255 in `uint8`, 65535 in `uint16`, and 1 in `float32` and `float64`; grey
    images of 16 bits keep their precision if the dtype has room for it. `size=(height, width)` resizes without keeping the proportions.

    A body is a JPEG, PNG, WebP, BMP or TIFF file, recognised by its content, or a form with one such file. Images are turned upright
    according to their EXIF orientation. Refused are files with several pictures, files that are cut off, images of more than `max_pixels`,
    and files whose name has an extension that is not in `extensions`. Images of the same shape share a batch.

    An answer is an array or a Pillow image. It is written as PNG or WebP without loss, or as JPEG with `quality`. Integers range from 0 to
    255 (`uint16` to 65535) and floats from 0 to 1; booleans are black and white.
    """

    name = "image"

    def __init__(
        self,
        mode: str = "RGB",
        size: tuple[int, int] | None = None,
        dtype: Any = "uint8",
        layout: str = "HWC",
        *,
        extensions: Collection[str] | None = None,
        max_pixels: int = MAX_PIXELS,
        quality: int = QUALITY,
    ) -> None:
        super().__init__(mode, size, extensions=extensions, max_pixels=max_pixels, quality=quality)
        self._dtype = checked_choice("dtype", dtype, arrays.DTYPES)
        self._layout = checked_choice("layout", layout, arrays.LAYOUTS)

    def group(self, item: Array) -> Hashable:
        return item.dtype, item.shape

    def stack(self, items: Sequence[Array]) -> Array:
        import numpy as np

        return np.stack(items)

    def options(self) -> dict[str, JSON]:
        given: dict[str, tuple[JSON, JSON]] = {"dtype": (self._dtype, "uint8"), "layout": (self._layout, "HWC")}
        return {**super().options(), **{name: value for name, (value, default) in given.items() if value != default}}

    def _value(self, image: Image) -> Array:
        return arrays.array_of(image, self._mode, self._dtype, self._layout, self._size)

    def _image(self, value: Any) -> Image:
        return arrays.image_of(value, self._layout)


class PilImageAdapter(_EitherAdapter["Image"]):
    """Pillow images with 8 bits a channel, without metadata. They are read, refused and written as by `ImageAdapter`.

    A batch is a list of images. This adapter is chosen for the annotation `PIL.Image.Image` and for returned Pillow images.
    """

    name = "pil-image"

    def __init__(
        self,
        mode: str = "RGB",
        size: tuple[int, int] | None = None,
        *,
        extensions: Collection[str] | None = None,
        max_pixels: int = MAX_PIXELS,
        quality: int = QUALITY,
    ) -> None:
        super().__init__(mode, size, extensions=extensions, max_pixels=max_pixels, quality=quality)

    @classmethod
    def for_annotation(cls, annotation: object) -> Self | None:
        images = sys.modules.get("PIL.Image")
        return cls() if images is not None and annotation is images.Image else None

    @classmethod
    def for_value(cls, value: object) -> Self | None:
        return cls() if instance_of(value, "PIL.Image", "Image") else None

    def _value(self, image: Image) -> Image:
        return colours.bare(arrays.resize(colours.convert(image, self._mode), self._size))

"""Images as arrays and back: the range of values of each dtype, and the order of the axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import colours

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Array = np.ndarray[Any, Any]

DTYPES = ("uint8", "uint16", "float32", "float64")
"""White is the largest value of an integer dtype, and 1 in a float dtype."""
LAYOUTS = ("HWC", "CHW")

_GREY, _COLOURED = 2, 3
_CHANNELS = (3, 4)
_WHITE = {"uint8": 255, "uint16": 65535}


def array_of(image: Image, mode: str, dtype: str, layout: str, size: tuple[int, int] | None) -> Array:
    """An image as a new array in C order. Grey images have no channel axis in either layout."""
    import numpy as np

    if mode == "L" and dtype != "uint8" and colours.is_deep(image):
        return _scaled(_resize_deep(colours.deep_grey(image), size), dtype)
    array = np.array(resize(colours.convert(image, mode), size))
    if layout == "CHW" and array.ndim == _COLOURED:
        array = np.ascontiguousarray(np.moveaxis(array, 2, 0))
    return _scaled(array, dtype)


def resize(image: Image, size: tuple[int, int] | None) -> Image:
    """An image resized to (height, width) with Pillow's bicubic filter, which antialiases."""
    return image if size is None or image.size == size[::-1] else image.resize(size[::-1])


def image_of(value: Any, layout: str) -> Image:
    """The value that an api returned, as a Pillow image. A value that cannot be an image is a TypeError or a ValueError."""
    import numpy as np
    import PIL.Image

    if isinstance(value, PIL.Image.Image):
        return value
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"expected an image as the answer, an array or one of Pillow's, got a value of type {type(value).__name__!r}")
    return PIL.Image.fromarray(np.ascontiguousarray(_bytes_of(_as_hwc(array, layout))))


def _scaled(array: Array, dtype: str) -> Array:
    """An array scaled from the range of its dtype to the range of another."""
    import numpy as np

    if array.dtype == dtype:
        return array
    if dtype == "uint16":
        return array.astype(np.uint16) * np.uint16(257)
    scaled: Array = array.astype(dtype) / np.dtype(dtype).type(_WHITE[array.dtype.name])
    return scaled


def _resize_deep(grey: Array, size: tuple[int, int] | None) -> Array:
    import numpy as np
    import PIL.Image

    if size is None or grey.shape == size:
        return grey
    resized = np.asarray(PIL.Image.fromarray(grey.astype(np.float32)).resize(size[::-1], PIL.Image.Resampling.BICUBIC))
    whole: Array = np.rint(resized.clip(0, _WHITE["uint16"])).astype(np.uint16)
    return whole


def _as_hwc(array: Array, layout: str) -> Array:
    import numpy as np

    shape = array.shape
    if array.ndim == _COLOURED and layout == "CHW":
        array = np.moveaxis(array, 0, 2)
    if array.ndim == _COLOURED and array.shape[2] == 1:
        array = array[:, :, 0]
    fits = array.ndim == _GREY or (array.ndim == _COLOURED and array.shape[2] in _CHANNELS)
    if not fits or not array.size:
        axes = "(channels, height, width)" if layout == "CHW" else "(height, width, channels)"
        raise ValueError(f"expected an image of shape (height, width) or {axes} with 3 or 4 channels, got {shape}")
    return array


def _bytes_of(array: Array) -> Array:
    """An array with 8 bits a channel, or grey with 16 bits."""
    import numpy as np

    kind, name = array.dtype.kind, array.dtype.name
    if name == "uint8" or (name == "uint16" and array.ndim == _GREY):
        return array
    if name == "uint16":
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    largest = 1 if kind == "f" else 255
    if not (array.min() >= 0 and array.max() <= largest):
        raise ValueError(f"expected an image of {name} from 0 to {largest}, got values from {array.min()} to {array.max()}")
    return np.rint(array * 255).astype(np.uint8) if kind == "f" else array.astype(np.uint8)

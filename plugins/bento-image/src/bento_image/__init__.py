"""Images as inputs and answers for bento.

`ImageAdapter` reads JPEG, PNG, WebP, BMP and TIFF files as arrays, `PilImageAdapter` reads them as Pillow images. Both write arrays and
Pillow images as PNG, JPEG or WebP. Importing this package imports neither Pillow nor NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bento

from .adapter import ImageAdapter, PilImageAdapter

if TYPE_CHECKING:
    from bento import Adapter

__all__ = ["ImageAdapter", "PilImageAdapter"]


@bento.hookimpl
def bento_register_adapters() -> list[type[Adapter[Any]]]:
    """The adapters of this plugin."""
    return [ImageAdapter, PilImageAdapter]

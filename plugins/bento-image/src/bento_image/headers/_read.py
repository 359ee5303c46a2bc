"""The format of a file, recognised by its first bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bento import UnsupportedMediaType

from . import _bmp, _jpeg, _png, _tiff, _webp

if TYPE_CHECKING:
    from ._header import Header

_READERS = (
    (b"\xff\xd8\xff", _jpeg.read),
    (b"\x89PNG\r\n\x1a\n", _png.read),
    (b"BM", _bmp.read),
    (b"II*\0", _tiff.read),
    (b"MM\0*", _tiff.read),
    (b"II+\0", _tiff.read),
    (b"MM\0+", _tiff.read),
)


def read_header(data: bytes) -> Header:
    """The header of a file in one of the five formats. Any other content is an UnsupportedMediaType."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp.read(data)
    for beginning, read in _READERS:
        if data.startswith(beginning):
            return read(data)
    raise UnsupportedMediaType("the body is not an image that is read here: expected a JPEG, PNG, WebP, BMP or TIFF file")

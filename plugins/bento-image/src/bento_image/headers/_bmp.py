"""BMP: a file header, then one of several information headers, told apart by their sizes.

Source: BITMAPFILEHEADER, BITMAPCOREHEADER and BITMAPINFOHEADER of the Windows documentation.
"""

from __future__ import annotations

from ._header import Header, damaged, unpack

_BMP = "BMP"
_OLD = 12
_UNCOMPRESSED = (0, 3, 6)


def read(data: bytes) -> Header:
    """The declared size of the picture. If its rows are not compressed, the file must contain all of them."""
    offset, kind = unpack(_BMP, "<II", data, 10)
    if kind == _OLD:
        width, height, _, bits = unpack(_BMP, "<HHHH", data, 18)
        compression = 0
    else:
        width, height = unpack(_BMP, "<ii", data, 18)
        bits, compression = unpack(_BMP, "<HI", data, 28)
    height = abs(height)
    row = (width * bits + 31) // 32 * 4
    if compression in _UNCOMPRESSED and offset + row * height > len(data):
        raise damaged(_BMP, "it ends too early")
    return Header.of(_BMP, width, height)

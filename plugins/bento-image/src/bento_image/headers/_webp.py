"""WebP: the first chunk of a RIFF file. Source: RFC 9649, sections 2.5 to 2.7 and 3.4."""

from __future__ import annotations

from ._header import Header, animated, damaged, unpack

_WEBP = "WebP"
_ANIMATED = 0x02
_KEY_FRAME = b"\x9d\x01\x2a"
_LOSSLESS = 0x2F
_14_BITS = 0x3FFF


def read(data: bytes) -> Header:
    """The declared size of the canvas. The file must be as long as it declares."""
    if unpack(_WEBP, "<I", data, 4)[0] + 8 > len(data):
        raise damaged(_WEBP, "it ends too early")
    chunk = data[12:16]
    if chunk == b"VP8X":
        if unpack(_WEBP, "B", data, 20)[0] & _ANIMATED:
            raise animated(_WEBP)
        sizes = data[24:27], data[27:30]
        return _header(*(int.from_bytes(size, "little") + 1 for size in sizes))
    if chunk == b"VP8L" and data[20:21] == bytes([_LOSSLESS]):
        bits = unpack(_WEBP, "<I", data, 21)[0]
        return _header((bits & _14_BITS) + 1, (bits >> 14 & _14_BITS) + 1)
    if chunk == b"VP8 " and data[23:26] == _KEY_FRAME:
        width, height = unpack(_WEBP, "<HH", data, 26)
        return _header(width & _14_BITS, height & _14_BITS)
    raise damaged(_WEBP, "its first chunk is not a picture")


def _header(width: int, height: int) -> Header:
    return Header.of(_WEBP, width, height)

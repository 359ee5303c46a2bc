"""TIFF and BigTIFF: the first directory of tags. Source: TIFF 6.0, section 2, and the BigTIFF design of libtiff."""

from __future__ import annotations

from collections.abc import Iterator

from ._header import Header, animated, damaged, unpack

_TIFF = "TIFF"
_WIDTH, _HEIGHT, _STRIPS, _TILE_WIDTH, _TILE_HEIGHT, _TILES = 256, 257, 273, 322, 323, 324
_BIG = b"+"
_KINDS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_MOST_TAGS = 4096
_MOST_PIECES = 1 << 16
"""The most strips or tiles. Pillow takes a loop in Python for each."""


def read(data: bytes) -> Header:
    """The declared size of the picture. A file with more than one picture is refused."""
    tags = {tag: (count, value) for tag, count, value in _tags(data)}
    width, height = (tags.get(tag, (0, 0))[1] for tag in (_WIDTH, _HEIGHT))
    tile = tags.get(_TILE_WIDTH, (0, 0))[1] * tags.get(_TILE_HEIGHT, (0, 0))[1]
    pieces = max(tags.get(tag, (0, 0))[0] for tag in (_STRIPS, _TILES))
    if pieces > _MOST_PIECES:
        raise damaged(_TIFF, f"it is made of {pieces} pieces, of which at most {_MOST_PIECES} are read")
    return Header.of(_TIFF, width, height, tile=tile)


def _tags(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Each tag with its count and its value, if that is a single whole number."""
    order = "<" if data[:2] == b"II" else ">"
    big = _BIG in data[2:4]
    length, offset, size = ("Q", "Q", 8) if big else ("H", "I", 4)
    (start,) = unpack(_TIFF, order + offset, data, 8 if big else 4)
    (tags,) = unpack(_TIFF, order + length, data, start)
    if tags > _MOST_TAGS:
        raise damaged(_TIFF, f"it has {tags} tags, of which at most {_MOST_TAGS} are read")
    start += 8 if big else 2
    for entry in range(start, start + tags * (4 + 2 * size), 4 + 2 * size):
        tag, kind, count = unpack(_TIFF, f"{order}HH{offset}", data, entry)
        (value,) = unpack(_TIFF, order + _KINDS.get(kind, "B"), data, entry + 4 + size)
        yield tag, count, value
    if unpack(_TIFF, order + offset, data, start + tags * (4 + 2 * size))[0]:
        raise animated(_TIFF)

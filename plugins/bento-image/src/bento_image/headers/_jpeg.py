"""JPEG: segments before the picture, then scans up to the end of the picture. Source: ITU-T T.81, annex B."""

from __future__ import annotations

import re

from ._header import Header, damaged, unpack

_JPEG = "JPEG"
_END, _SCAN = 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a segment."""
# There may be padding before a marker. Within a scan, 0xFF is followed by zero, or it begins a restart marker.
_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_AFTER_SCAN = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_MOST_SEGMENTS = 2000
_MOST_SCANS = 50
"""Decoding a scan takes time for the whole picture, however few bytes the scan has. Encoders write about ten."""
_EXIF, _EXIF_START = 0xE1, b"Exif\0\0"
_MOST_EXIFS = 64
"""Pillow joins EXIF segments one by one and copies all earlier ones each time. A camera writes one of at most 64 KiB, or a few."""
_MOST_PADDING = 4096


def read(data: bytes) -> Header:
    """The size that the first frame declares. The picture must be complete up to its end marker."""
    header: Header | None = None
    position, scans, exifs = 2, 0, 0
    for _ in range(_MOST_SEGMENTS):
        marker, start = _next(data, position, in_scan=scans > 0)
        if marker == _END:
            break
        if marker in _BARE:
            raise damaged(_JPEG, f"it has the marker {marker:#x} where a segment begins")
        scans += marker == _SCAN
        exifs += marker == _EXIF and data.startswith(_EXIF_START, start + 2)
        if marker in _FRAMES and header is None:
            height, width = unpack(_JPEG, ">HH", data, start + 3)
            header = Header.of(_JPEG, width, height)
        position = start + unpack(_JPEG, ">H", data, start)[0]
    else:
        raise damaged(_JPEG, f"it has more than {_MOST_SEGMENTS} segments")
    if header is None or not scans:
        raise damaged(_JPEG, "it holds no picture")
    if scans > _MOST_SCANS:
        raise damaged(_JPEG, f"it has {scans} scans, of which at most {_MOST_SCANS} are read")
    if exifs > _MOST_EXIFS:
        raise damaged(_JPEG, f"it has {exifs} segments of EXIF, of which at most {_MOST_EXIFS} are read")
    return header


def _next(data: bytes, position: int, *, in_scan: bool) -> tuple[int, int]:
    """The next marker, and the position where its segment starts."""
    found = _AFTER_SCAN.search(data, position) if in_scan else _MARKER.search(data, position, position + _MOST_PADDING)
    if found is None:
        raise damaged(_JPEG, "it ends too early")
    return found[1][0], found.end()

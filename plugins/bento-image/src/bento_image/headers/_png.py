"""PNG: chunks from the header to the end. Source: ISO/IEC 15948, clause 5, with the animations of its third edition."""

from __future__ import annotations

import struct

from ._header import Header, animated, damaged, unpack

_PNG = "PNG"
_CHUNK = struct.Struct(">I4s")
_FIRST = 8
_AROUND = 12
"""In bytes: the length, the name and the checksum of a chunk."""


def read(data: bytes) -> Header:
    """The size that the first chunk declares. The file must be complete up to its last chunk."""
    if data[12:16] != b"IHDR":
        raise damaged(_PNG, "its first chunk is not IHDR")
    width, height = unpack(_PNG, ">II", data, _FIRST + 8)
    position = _FIRST
    # Encoders write chunks of several kilobytes. Reading a large file of tiny chunks would take minutes.
    for _ in range(1000 + len(data) // 1024):
        if position + _AROUND > len(data):
            raise damaged(_PNG, "it ends too early")
        length, name = _CHUNK.unpack_from(data, position)
        if name == b"acTL" and unpack(_PNG, ">I", data, position + 8)[0] > 1:
            raise animated(_PNG)
        position += length + _AROUND
        if name == b"IEND":
            return Header.of(_PNG, width, height)
    raise damaged(_PNG, "it is made of too many small chunks")

"""Bodies that no honest client sends: damaged bodies, unusual charsets, and bodies that are expensive to read."""

from __future__ import annotations

from collections.abc import Mapping

import hypothesis.strategies as st

NO_CHARSETS = ("no-such-charset", "rot13", "hex", "zlib", "punycode", "\0")
"""Names that are not charsets of text, although Python has a codec for most of them."""

CHARSETS = ("utf-8", "UTF-8", "utf-16", "utf-32")
"""Charsets that can encode every text."""

BOM = b"\xef\xbb\xbf"
"""The byte order mark that a text in UTF-8 may begin with; Python's own charset `utf-8-sig` drops it."""

PARAMETERS: tuple[Mapping[str, str], ...] = (
    {},
    *({"charset": charset} for charset in (*CHARSETS, "utf-8-sig", "latin-1", *NO_CHARSETS)),
    {"charset": "utf-8", "header": "absent"},
    {"header": "absent"},
    {"boundary": "b"},
)
"""Parameters that may follow a media type."""

_MEGABYTE = 1 << 20


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """A body with one fault: it is cut off, a bit is flipped, or bytes are missing, repeated, inserted or overwritten."""
    at = draw(st.integers(0, max(len(body) - 1, 0)), label="at")
    end = draw(st.integers(at, len(body)), label="end")
    damage = draw(st.sampled_from(["cut", "flip", "drop", "repeat", "insert", "overwrite"]), label="damage")
    if damage == "cut":
        return body[:at]
    if damage == "flip" and body:
        return body[:at] + bytes([body[at] ^ (1 << draw(st.integers(0, 7), label="bit"))]) + body[at + 1 :]
    if damage == "drop":
        return body[:at] + body[end:]
    if damage == "repeat":
        return body[:end] + body[at:]
    put = draw(st.binary(max_size=8) | st.sampled_from([b"\xff" * 4, b"\x00" * 8, b"\x7f\xff\xff\xff", b'"', b"[", b"\r\n"]), label="put")
    return body[:at] + put + body[at + (len(put) if damage == "overwrite" else 0) :]


def expensive(body: bytes) -> list[bytes]:
    """Bodies of about a megabyte that make a careless reader slow, or make it run out of memory or stack."""
    units = [b"[", b'{"a":', b"-", b"\x00", b" ", b'"', b"\\", b"\r\n", b"9", b"\xff", b"\x91", b"\xdd\x7f\xff\xff\xff", b"<a>", b"(", b","]
    return [unit * (_MEGABYTE // len(unit)) for unit in units] + [body + body[-1:] * _MEGABYTE, body[:1] * _MEGABYTE + body]

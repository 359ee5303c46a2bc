"""What one request may cost: limits that are on by default, and decompression within them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...bounds import BODY, PATIENCE, Bounds
from ...errors import BadInput, TooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from ...payload import Payload
    from .call import Call

MIB = 1 << 20
_MOST_DIGITS = 20
_LITTLE = 512

LINGER_SECONDS = 5.0
"""How long a client may go on sending a refused request before its connection is closed. A connection that is closed with bytes unread is
reset, which destroys an answer that is still on its way. When the server stops, a head that is still coming gets the same time."""

LAST_CALL_SECONDS = 0.5
"""How long a stopping server leaves an idle connection open, because its client may be just about to send a request."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What requests may cost; sizes are in bytes. A value that is out of bounds is a ServerError.

    `body` limits a body before and after decompression, `bodies` all large bodies that are in memory at the same time, `headers` the names
    and values of a request's headers together. `queue` is how many requests per api may wait for a call. `head_seconds` is how long a
    client may take for a request's headers, `idle_seconds` how long to read something of an answer, `keep_alive_seconds` how long for its
    next request.
    """

    body: int = 100 * MIB
    bodies: int = 1024 * MIB
    headers: int = 64 * 1024
    queue: int = 10_000
    head_seconds: float = 20.0
    idle_seconds: float = 75.0
    keep_alive_seconds: float = 75.0

    def __post_init__(self) -> None:
        for name, bounds in _BOUNDS.items():
            bounds.check(f"Limits.{name}", getattr(self, name))


_BOUNDS = {
    "body": BODY,
    "bodies": BODY,
    "headers": BODY,
    "queue": Bounds(1, 1_000_000_000, "requests", whole=True),
    "head_seconds": PATIENCE,
    "idle_seconds": PATIENCE,
    "keep_alive_seconds": PATIENCE,
}


def check_framing(raw_headers: Iterable[tuple[bytes, bytes]], limits: Limits) -> None:
    """Refuse a body by its Content-Length or Transfer-Encoding, before any of it is read."""
    for name, value in raw_headers:
        if name.lower() == b"content-length":
            size = read_length(value)
            if size is None:
                raise BadInput(f"{value.decode('latin-1')!r:.80} is not a Content-Length")
            if size > limits.body:
                raise too_large(limits)
        if name.lower() == b"transfer-encoding" and value.strip().lower() != b"chunked":
            raise BadInput(f"Transfer-Encoding: expected chunked, got {value.decode('latin-1')!r}")


def read_length(value: bytes) -> int | None:
    """The number in a Content-Length; None if it is not one, or has more digits than any length needs."""
    return int(value) if value.isdigit() and len(value) <= _MOST_DIGITS else None


def too_large(limits: Limits) -> TooLarge:
    """The refusal of a body, before or after decompression."""
    return TooLarge(f"the body is larger than the limit of {limits.body} bytes")


def headers_too_large(limits: Limits) -> str:
    """What either lane says, with status 431, if the headers are larger than the limit."""
    return f"the headers are larger than the limit of {limits.headers} bytes"


def body_is_late(seconds: float) -> str:
    """What either lane says, with status 504, if the body does not come within the deadline."""
    return f"the body did not arrive within {seconds:.3g} seconds"


def payload_of(call: Call, limits: Limits) -> Payload:
    """The payload of a request, decompressed."""
    head, body = call.head, call.body
    return head.payload(decompress(body, head.content_encoding, limits) if head.content_encoding else body)


def decompress(body: bytes | bytearray, encoding: str, limits: Limits) -> bytes | bytearray:
    """Undo a Content-Encoding, stopping as soon as more comes out than a body may hold."""
    if encoding in {"", "identity"}:
        return body
    if encoding in {"gzip", "x-gzip"}:
        return _inflate(body, 16 + zlib.MAX_WBITS, limits)
    if encoding == "deflate":
        # Clients disagree on what "deflate" is: RFC 9110 says zlib, some send bare deflate. The first byte tells.
        return _inflate(body, zlib.MAX_WBITS if body[:1] and body[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS, limits)
    raise UnsupportedMediaType(f"unknown Content-Encoding {encoding!r}: expected gzip, deflate or identity")


def _inflate(body: bytes | bytearray, window: int, limits: Limits) -> bytes:
    chunks: list[bytes] = []
    room, place, size = limits.body, 0, len(body)
    rest = memoryview(body)
    while place < len(body):
        stream = zlib.decompressobj(window)
        while not stream.eof:
            if place >= len(body):
                raise BadInput("the body ends in the middle of its Content-Encoding")
            try:
                chunks.append(stream.decompress(rest[place : place + size], room + 1))
            except zlib.error as error:
                raise BadInput(f"the body is not what its Content-Encoding says: {error}") from error
            room -= len(chunks[-1])
            if room < 0:
                raise too_large(limits)
            place, size = min(place + size, len(body)), 2 * size
        # A decompressor copies what it was given and has no use for. So each further one is given little to begin with.
        place, size = place - len(stream.unused_data), _LITTLE
    return b"".join(chunks)

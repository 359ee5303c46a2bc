"""Offers to switch to another protocol, which a server may ignore (RFC 9110, section 7.8)."""

from __future__ import annotations

from collections.abc import Iterable

_SWITCH = frozenset({b"http2-settings", b"upgrade"})


def lines_without_offer(raw_headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """The lines of a request's headers, without the offer."""
    return [b"%s: %s" % _without_offer(name, value) for name, value in raw_headers if name.lower() not in _SWITCH]


def _without_offer(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name.lower() != b"connection":
        return name, value
    return name, b", ".join(option for option in map(bytes.strip, value.split(b",")) if option.lower() not in _SWITCH)

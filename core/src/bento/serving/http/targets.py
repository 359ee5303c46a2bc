"""Targets in absolute form, as proxies get them, and as any server may get them (RFC 9112, section 3.2.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..calls.request import RawHeaders

_ABSOLUTE = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#:][^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


def in_origin_form(url: bytes, raw_headers: RawHeaders, http_version: str) -> tuple[bytes, RawHeaders]:
    """A request's target and headers as they would be with only a path as the target: the target's host replaces the Host header.

    A target without a host is left as it is, and refused. A missing Host header is added in HTTP/1.0 only, which does not ask for one.
    """
    absolute = None if url.startswith(b"/") else _ABSOLUTE.fullmatch(url)
    if absolute is None:
        return url, raw_headers
    host, rest = absolute.groups()
    others = [(name, value) for name, value in raw_headers if name.lower() != b"host"]
    hosts = [(b"host", host)] * (len(raw_headers) - len(others) or http_version == "1.0")
    return rest if rest.startswith(b"/") else b"/" + rest, [*hosts, *others]

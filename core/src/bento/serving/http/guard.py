"""Keeping other sites' pages out: they must not make a browser call a server on its user's machine.

A page can send a plain form or text to any address (CVE-2026-2611), and can point a host name of its own at 127.0.0.1 (DNS rebinding,
CVE-2025-62593). The Origin header reveals the first, the Host header the second.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...errors import BadInput, Forbidden, ServerError
from ...plain import shortened
from ..address import host_name

if TYPE_CHECKING:
    from ..calls.request import RawHeaders

LOOPBACK = "localhost"

_NAME = re.compile(r"[a-z0-9._-]+")


def host_names(hosts: Collection[str]) -> frozenset[str]:
    """The names of hosts in lower case, for comparison with callers' hosts. A single text, or anything but a name or an address, is a
    ServerError."""
    if isinstance(hosts, str):
        raise ServerError(f"expected allowed_hosts to be names, such as ({hosts!r},), got {hosts!r}")
    for host in hosts:
        if not (_NAME.fullmatch(host.lower()) or _address(host)):
            raise ServerError(f"allowed host {host!r}: expected a name or an address without a port, like 'api.example.org'")
    return frozenset(map(str.lower, hosts))


def check_host(raw_headers: RawHeaders, http_version: str) -> None:
    """Refuse, as BadInput, a request that names several hosts, or, in HTTP/1.1, none. Source: RFC 9112, section 3.2."""
    count = sum(name.lower() == b"host" for name, _ in raw_headers)
    if count > 1 or (not count and http_version == "1.1"):
        raise BadInput(f"expected one Host header, got {count or 'none'}")


def check_caller(headers: Mapping[str, str], local_address: str, allowed_hosts: Collection[str], public_host: str = "") -> None:
    """Refuse, as Forbidden, a request for a foreign host name or from a foreign page; an invalid host is a BadInput.

    Without `allowed_hosts`, a server that is reached on a loopback address answers to loopback names only, and one that
    is reached from outside answers to any name. All answer to `public_host`.
    """
    host = headers.get("host", "")
    name = host_name(host)
    if name is None:
        raise BadInput(f"expected a host such as 'localhost:3000', got {shortened(host)}")
    is_own = name in allowed_hosts if allowed_hosts else not host or not _is_loopback(local_address) or _is_loopback(name)
    if not (is_own or (public_host and name == public_host)):
        raise Forbidden(f"this server does not answer for the host {name!r}: start it with --allowed-host {name} if it should")
    origin = headers.get("origin")
    if origin is not None and _host_of(origin) != host.lower():
        raise Forbidden(f"requests from pages of {origin!r} are refused: call from a page of this server, or without a browser")


def _host_of(origin: str) -> str | None:
    """`HTTP://LocalHost:3000` to `localhost:3000`; None if it cannot be parsed."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _is_loopback(name: str) -> bool:
    if name == LOOPBACK or name.endswith(".localhost"):
        return True
    address = _address(name)
    # A socket for both kinds of addresses writes an IPv4 address like this.
    return address is not None and (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None

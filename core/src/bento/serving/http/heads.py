"""Heads: which requests may take the fast lane, judging by path and headers, and what an endpoint must know of their headers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ...errors import BadInput, Forbidden
from ..calls.call import Call
from ..calls.limits import read_length
from ..calls.request import Head, own_request_id, read_timeout
from .guard import check_caller

if TYPE_CHECKING:
    from ..calls.endpoint import Endpoint
    from .app import App
    from .pipelining import Pipelining

# With one of these headers, a request takes the ordinary lane.
_UNUSUAL = frozenset({b"content-encoding", b"expect", b"origin", b"transfer-encoding", b"upgrade"})
_MOST_HOSTS = 1024
_MOST_KNOWN = 256
_LONGEST_KNOWN = 2048
_END = b"\r\n\r\n"


class PlainHead(Head):
    """The head of a request with nothing unusual about it: its endpoint, and the `length` of its body in bytes.

    `Heads.learn` sets three more: `packet` is the head as it came, `size` its number of bytes, and `whole` the number of bytes of the
    request with its body.
    """

    __slots__ = ("endpoint", "length", "packet", "path", "request_id", "size", "url", "whole")

    def __init__(self, endpoint: Endpoint, url: bytes, named: dict[bytes, bytes], raw_headers: list[tuple[bytes, bytes]]) -> None:
        super().__init__(
            named.get(b"content-type", b"").decode("latin-1"),
            accept=named.get(b"accept", b"").decode("latin-1"),
            timeout=read_timeout(named[b"request-timeout"].decode("latin-1")) if b"request-timeout" in named else math.inf,
            raw_headers=raw_headers,
        )
        self.endpoint = endpoint
        self.path = endpoint.api.path
        self.url = url
        self.length = int(named[b"content-length"])
        self.request_id = own_request_id(named.get(b"x-request-id", b"").decode("latin-1"))
        self.packet = b""
        self.size = 0
        self.whole = -1


class PlainCall(Call):
    """The call of a request with nothing unusual about it, and the connection on which the request came."""

    __slots__ = ("connection",)
    head: PlainHead
    connection: Pipelining


class Heads:
    """Reads heads for all connections of a server."""

    def __init__(self, app: App) -> None:
        self._lifecycle = app.lifecycle
        self._address = app.address
        self._allowed_hosts = app.allowed_hosts
        self._endpoints: dict[bytes, Endpoint] = {}
        self._hosts: set[tuple[bytes, str]] = set()
        self._known: dict[tuple[bytes, str], PlainHead] = {}

    def read(self, url: bytes, raw_headers: list[tuple[bytes, bytes]], local_address: str) -> PlainHead | None:
        """The head of a request with nothing unusual about it, or None."""
        endpoint = self._endpoint(url)
        named = {name.lower(): value for name, value in raw_headers}
        if endpoint is None or len(named) != len(raw_headers) or not _UNUSUAL.isdisjoint(named) or not self._fits_limits(named):
            return None
        if b"host" not in named or not self._knows(named[b"host"], local_address):
            return None
        try:
            return PlainHead(endpoint, url, named, raw_headers)
        except BadInput:
            return None

    def recall(self, packet: bytes, local_address: str) -> PlainHead | None:
        """The head of a packet that is one whole request, if a head of the very same bytes has been parsed before; else None."""
        head = self._known.get((packet[: packet.find(_END) + len(_END)], local_address))
        return head if head is not None and head.whole == len(packet) else None

    def learn(self, packet: bytes, local_address: str, head: PlainHead) -> None:
        """Keep the head of a packet in which the parser has found one whole request and nothing else, for `recall`.

        A head that is kept never changes, even if the parser later finds the same head in a packet with other spaces: other connections
        share it, and use its `size` to cut packets that they have yet to begin.
        """
        end = packet.find(_END) + len(_END)
        if not head.packet and len(packet) - end == head.length and end <= _LONGEST_KNOWN:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            head.packet, head.size, head.whole = packet[:end], end, len(packet)
            self._known[head.packet, local_address] = head

    def _endpoint(self, url: bytes) -> Endpoint | None:
        """The endpoint of a path without a query, with or without the prefix; known only once the service is ready."""
        if not self._endpoints:
            paths, before = self._lifecycle.endpoints, self._address.prefix
            within = {before + path: endpoint for path, endpoint in paths.items() if not self._lifecycle.has(before + path)}
            self._endpoints = {path.encode(): endpoint for path, endpoint in {**paths, **within}.items()}
        return self._endpoints.get(url)

    def _fits_limits(self, named: dict[bytes, bytes]) -> bool:
        limits = self._lifecycle.limits
        length = read_length(named.get(b"content-length", b""))
        size = sum(len(name) + len(value) for name, value in named.items())
        return length is not None and length <= limits.body and size <= limits.headers

    def _knows(self, host: bytes, local_address: str) -> bool:
        """Whether requests for this host are answered; allowed hosts are remembered."""
        pair = (host, local_address)
        if pair in self._hosts:
            return True
        try:
            check_caller({"host": host.decode("latin-1")}, local_address, self._allowed_hosts, self._address.host)
        except (BadInput, Forbidden):
            return False
        if len(self._hosts) < _MOST_HOSTS:
            self._hosts.add(pair)
        return True

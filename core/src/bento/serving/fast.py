"""The fast lane: plain requests to an api, answered straight from uvicorn's parser.

A request that is all there is to it - POST to an api's path, HTTP/1.1, a Content-Length, a known host, no page behind it - costs
no scope, task, future or message here: it is decoded where its last byte is parsed and its answer is one write. Everything else
goes to the ordinary lane behind it, which also writes every refusal that does not come from the endpoint itself, so that both
lanes give the same bytes. A connection's answers leave in the order of its requests, whichever lane they take.

uvicorn's protocol is not a public interface: `fits` says whether this is a release that the tests ran with.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..errors import BadInput, Forbidden
from .answer import Answer, headers_of
from .guard import check_caller
from .lane import body_is_late
from .request import Request, fit_request_id, read_timeout

if TYPE_CHECKING:
    from collections.abc import Collection

    from .app import App
    from .call import Call
    from .endpoint import Endpoint

_TESTED = frozenset({(0, 54)})

_UNUSUAL = frozenset({b"content-encoding", b"expect", b"origin", b"transfer-encoding", b"upgrade"})
_MOST_IN_FLIGHT = 64
_MOST_HOSTS = 1024
_SEPARATE_WRITE = 64 * 1024
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def fits() -> bool:
    """Whether the installed uvicorn is a release whose protocol this lane is tested with."""
    major, minor = uvicorn.__version__.split(".")[:2]
    return (int(major), int(minor)) in _TESTED


class FastLane:
    """What all connections of one server share: which requests may take the lane, and how an answer is written."""

    def __init__(self, app: App, allowed_hosts: Collection[str]) -> None:
        self.app = app
        self.access_log = app.access_log
        self._allowed_hosts = allowed_hosts
        self._endpoints: dict[bytes, Endpoint] = {}
        self._hosts: set[tuple[bytes, str]] = set()
        self._default_headers: list[tuple[bytes, bytes]] = []
        self._date = ""

    def endpoint(self, url: bytes) -> Endpoint | None:
        """The endpoint of a bare path; the routes are made once the service is ready."""
        if not self._endpoints:
            self._endpoints = {path.encode(): endpoint for path, endpoint in self.app.lifecycle.endpoints.items()}
        return self._endpoints.get(url)

    def knows(self, host: bytes, local_address: str) -> bool:
        """Whether requests for this host are answered; what was allowed once is not looked at again."""
        pair = (host, local_address)
        if pair in self._hosts:
            return True
        try:
            check_caller({"host": host.decode("latin-1")}, local_address, self._allowed_hosts)
        except Forbidden:
            return False
        if len(self._hosts) < _MOST_HOSTS:
            self._hosts.add(pair)
        return True

    def encode(self, answer: Answer, request_id: str, default_headers: list[tuple[bytes, bytes]], *, close: bool) -> list[bytes]:
        """An answer as uvicorn would write it, head and body together unless the body is too large to copy."""
        if default_headers is not self._default_headers:
            self._default_headers = default_headers
            self._date = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in default_headers)
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers_of(answer, request_id)])
        closing = "connection: close\r\n" if close and ("connection", "close") not in answer.headers else ""
        head = f"{_STATUS_LINES[answer.status]}{self._date}{lines}{closing}\r\n".encode("latin-1")
        return [head, answer.body] if len(answer.body) > _SEPARATE_WRITE else [head + answer.body]

    def protocol(self, *args: Any, **kwargs: Any) -> FastProtocol:
        """A protocol for one connection, made as uvicorn makes its own."""
        return FastProtocol(self, *args, **kwargs)


class _Head:
    """What matters of a request's headers."""

    __slots__ = ("accept", "content_type", "endpoint", "request_id", "timeout")

    def __init__(self, endpoint: Endpoint, named: dict[bytes, bytes]) -> None:
        self.endpoint = endpoint
        self.content_type = named.get(b"content-type", b"").decode("latin-1")
        self.accept = named.get(b"accept", b"").decode("latin-1")
        self.timeout = read_timeout(named[b"request-timeout"].decode("latin-1")) if b"request-timeout" in named else math.inf
        self.request_id = named.get(b"x-request-id", b"").decode("latin-1")


class _Ahead:
    """Stands in for a cycle while answers of this lane are still ahead of one."""

    response_complete = False


_AHEAD: Any = _Ahead()


class _Exchange:
    """A request in flight on a connection, and its answer's bytes once there are any."""

    __slots__ = ("call", "connection", "data", "endpoint", "request")

    def __init__(self, connection: FastProtocol, endpoint: Endpoint, request: Request) -> None:
        self.connection = connection
        self.endpoint = endpoint
        self.request = request
        self.call: Call | None = None
        self.data: list[bytes] = []

    def reply(self, answer: Answer) -> None:
        self.connection.answered(self, answer)


class FastProtocol(HttpToolsProtocol):
    """One connection. Parser callbacks decide, once a request's headers are there, which lane it takes."""

    def __init__(self, lane: FastLane, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lane = lane
        self._head: _Head | None = None
        self._diverted = False
        self._url = b""
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._last_headers: list[tuple[bytes, bytes]] = []
        self._last_url = b""
        self._last_head: _Head | None = None
        self._body: list[bytes] = []
        self._received = 0.0
        self._in_flight: deque[_Exchange] = deque()
        self._ending = False
        self._body_timer: asyncio.TimerHandle | None = None

    # Parser callbacks

    def on_message_begin(self) -> None:
        self._head = None
        self._diverted = False
        self._url = b""
        self._raw_headers = []
        self._received = time.monotonic()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        # A client sends nearly the same headers every time: what was read from them last time is still right.
        if self._raw_headers != self._last_headers or self._url != self._last_url:
            self._last_headers, self._last_url = self._raw_headers, self._url
            self._last_head = self._read_head()
        if self._last_head is None or not self._takes_the_fast_lane():
            self._divert()
        else:
            self._head = self._last_head

    def on_body(self, body: bytes) -> None:
        if self._diverted:
            super().on_body(body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._diverted:
            super().on_message_complete()
        elif self._head is not None:
            head, self._head = self._head, None
            self._begin(head)

    # The choice of a lane

    def _read_head(self) -> _Head | None:
        """The head of a request with nothing unusual about it, or None."""
        endpoint = self._lane.endpoint(self._url)
        named = {name.lower(): value for name, value in self._raw_headers}
        if endpoint is None or len(named) != len(self._raw_headers) or not _UNUSUAL.isdisjoint(named) or not self._fits_limits(named):
            return None
        local_address = self.server[0] if self.server else ""
        if not self._lane.knows(named.get(b"host", b""), local_address):
            return None
        try:
            return _Head(endpoint, named)
        except BadInput:
            return None

    def _fits_limits(self, named: dict[bytes, bytes]) -> bool:
        limits = self._lane.app.lifecycle.limits
        length = named.get(b"content-length", b"")
        size = sum(len(name) + len(value) for name, value in named.items())
        return length.isdigit() and int(length) <= limits.body and size <= limits.headers

    def _takes_the_fast_lane(self) -> bool:
        """Whether this request line, on this connection now, goes with such a head."""
        parser = self.parser
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1" or not parser.should_keep_alive():
            return False
        return not (self._ending or self.pipeline or (self.cycle is not None and not self.cycle.response_complete))

    def _divert(self) -> None:
        """Give the request to uvicorn's own way, behind what this connection still has in flight here."""
        self._diverted = True
        super().on_message_begin()
        self.url = self._url
        for name, value in self._raw_headers:
            super().on_header(name, value)
        if self._in_flight:
            self.cycle = _AHEAD
        super().on_headers_complete()

    # From a whole request to its answer

    def _begin(self, head: _Head) -> None:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        self._stop_body_timer()
        request = Request(
            body,
            head.content_type,
            accept=head.accept,
            timeout=head.timeout,
            request_id=fit_request_id(head.request_id),
            raw_headers=self._raw_headers,
            received=self._received,
        )
        exchange = _Exchange(self, head.endpoint, request)
        self._in_flight.append(exchange)
        call = head.endpoint.handle(request, exchange.reply)
        if not call.settled:
            exchange.call = call
        if len(self._in_flight) >= _MOST_IN_FLIGHT:
            self.flow.pause_reading()

    def answered(self, exchange: _Exchange, answer: Answer) -> None:
        """Take an answer, and write what is now first in line."""
        # An exchange and its call know each other: left so, a body would stay in memory until the next full collection.
        exchange.call = None
        if ("connection", "close") in answer.headers:
            self._end()
        is_last = self._ending and self._in_flight[-1] is exchange
        exchange.data = self._lane.encode(answer, exchange.request.request_id, self.server_state.default_headers, close=is_last)
        if self._lane.access_log is not None:
            request = exchange.request
            seconds = time.monotonic() - request.received
            self._lane.access_log.write("POST", exchange.endpoint.api.path, answer.status, seconds, request.request_id)
        while self._in_flight and self._in_flight[0].data:
            self._write(self._in_flight.popleft().data)
        if not self._in_flight:
            self._idle()
        elif not self._ending:
            self.flow.resume_reading()

    def _write(self, data: list[bytes]) -> None:
        if len(data) == 1:
            self.transport.write(data[0])
        else:
            self.transport.writelines(data)

    def _idle(self) -> None:
        if self._ending:
            self.transport.close()
        elif self.pipeline:
            super().on_response_complete()
        else:
            self.flow.resume_reading()

    # Ends: of a body that does not come, of a connection, of the server

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is not None and self._body_timer is None:
            endpoint = self._head.endpoint
            self._body_timer = self.loop.call_later(endpoint.api.timeout, self._body_is_late, endpoint)

    def _body_is_late(self, endpoint: Endpoint) -> None:
        self._head = None
        self._body = []
        self._end()
        request = Request(b"", received=self._received)
        exchange = _Exchange(self, endpoint, request)
        self._in_flight.append(exchange)
        self.answered(exchange, body_is_late(endpoint.api.timeout, request.request_id))

    def _stop_body_timer(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _end(self) -> None:
        """Read no more, and close once everything in flight is answered."""
        self._ending = True
        self.flow.pause_reading()

    def shutdown(self) -> None:
        if self._in_flight or self._head is not None:
            self._ending = True
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_body_timer()
        for exchange in self._in_flight:
            if exchange.call is not None:
                exchange.endpoint.leave(exchange.call)
        self._in_flight.clear()
        super().connection_lost(exc)

"""One connection on both lanes: what is read from it becomes requests, and each takes the fast lane if it may."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...compiled import compiled
from .connection import new_parser
from .intake import Intake
from .pipelining import Pipelining
from .standins import AHEAD
from .targets import in_origin_form

if TYPE_CHECKING:
    import asyncio

    from ..calls.endpoint import Endpoint
    from .fast import FastLane
    from .heads import PlainCall, PlainHead


class FastProtocol(Pipelining):
    """Parser callbacks decide, once a request's headers are there, which lane it takes."""

    __slots__ = (
        "_fresh",
        "_head",
        "_intake",
        "_last_head",
        "_local_address",
        "_packet",
        "_pieces",
    )

    def __init__(self, lane: FastLane, *args: Any, **kwargs: Any) -> None:
        super().__init__(lane, *args, **kwargs)
        self._head: PlainHead | None = None
        self._last_head: PlainHead | None = None
        self._local_address = ""
        # The packet that came while no request was open, and that may be one whole request. If its head was recognized without the parser,
        # the head, until the request begins.
        self._packet = b""
        self._fresh: PlainHead | None = None
        # The pieces of a body that the parser has given, and what waits for the rest of it.
        self._pieces: list[bytes] = []
        self._intake: Intake | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._local_address = self._lane.app.reached_at(self.server)

    @compiled
    def data_received(self, data: bytes) -> None:
        if self._fresh is not None:
            self._begin_fresh()
        if self.rests:
            self.keep(data)
            return
        self._packet = b""
        # `_is_free`, written out, because this runs for every request, between two system calls.
        if not (self._is_open or self.ending or self.pipeline) and (self._running is None or not self._is_running()):
            head = self._last_head
            if head is None or head.whole != len(data) or not data.startswith(head.packet):
                head = self._lane.heads.recall(data, self._local_address)
            self._packet = data
            if head is not None:
                if self.timeout_keep_alive_task is not None:
                    self._unset_keepalive_if_required()
                self._last_head = self._fresh = head
                self._received = time.monotonic()
                self._lane.arrive(self)
                return
        super().data_received(data)

    # Parser callbacks

    def on_message_begin(self) -> None:
        self._is_open = True
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
        # Most clients send the same headers every time; then what was read from them last time still holds.
        head = self._last_head
        if head is None or self._raw_headers != head.raw_headers or self._url != head.url:
            head = self._last_head = self._lane.heads.read(self._url, self._raw_headers, self._local_address)
        if head is not None and self._takes_the_fast_lane():
            self._head = head
        elif not self.parser.should_upgrade() or self.parser.get_method() == b"CONNECT":
            self._divert()

    def on_body(self, body: bytes) -> None:
        if self._diverted:
            super().on_body(body)
        else:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        self._is_open = False
        if self._diverted:
            super().on_message_complete()
        elif self._head is not None:
            head, self._head = self._head, None
            self._lane.heads.learn(self._packet, self._local_address, head)
            self._packet = b""
            pieces, self._pieces = self._pieces, []
            self._begin(head, pieces[0] if len(pieces) == 1 else b"".join(pieces))

    # The choice of a lane

    def _takes_the_fast_lane(self) -> bool:
        """Whether the method and version, and the state of the connection, allow the fast lane to a request whose head allows it."""
        parser = self.parser
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1" or not parser.should_keep_alive():
            return False
        return self._is_free()

    def _is_free(self) -> bool:
        """Whether nothing is ahead on the ordinary lane."""
        return not (self.ending or self.pipeline) and (self._running is None or not self._is_running())

    def _divert(self) -> None:
        """Pass the request to the ordinary lane, behind what this connection still has in flight on this one."""
        super().on_message_begin()
        self.url, headers = in_origin_form(self._url, self._raw_headers, self.parser.get_http_version())
        for name, value in headers:
            super().on_header(name, value)
        if self.parser.get_http_version() == "1.0":
            # Such a client would take an interim answer for the final one (RFC 9110, section 10.1.1).
            self.expect_100_continue = False
        if self._in_flight:
            self.cycle = AHEAD
        try:
            super().on_headers_complete()
        finally:
            # If uvicorn refuses the target, it makes no cycle.
            if self.cycle is AHEAD:
                self.cycle = None  # type: ignore[assignment]  # its first value in uvicorn, too
        self._diverted = True

    # From a whole request to its answer

    def next_call(self) -> PlainCall | None:
        """The call of the request that came in this turn of the loop; None without one, or if it has to wait its turn."""
        head, self._fresh = self._fresh, None
        packet, self._packet = self._packet, b""
        return None if head is None else self._enter(head, packet[head.size :])

    def _begin_fresh(self) -> None:
        call = self.next_call()
        if call is not None:
            call.head.endpoint.handle(call)

    def _begin(self, head: PlainHead, body: bytes | bytearray) -> None:
        self._lane.begin_soon()
        call = self._enter(head, body)
        if call is not None:
            head.endpoint.handle(call)

    # Ends: of a body that does not come, of a connection, of the server

    def _await_rest(self, size: int) -> None:
        if self._head is None:
            super()._await_rest(size)
            return
        self._packet = b""
        pieces, self._pieces = self._pieces, []
        self._intake = Intake(self, self._head, self._lane.room)
        self._intake.begin(pieces, size)

    def body_is_there(self, head: PlainHead, body: bytearray) -> None:
        """Begin a request whose body is complete now."""
        self._end_intake()
        self._is_open = False
        # The old parser still waits for the body, which did not pass through it.
        self.parser = new_parser(self)
        self._begin(head, body)

    def read_into(self, protocol: Intake | FastProtocol) -> None:
        """Have the transport pass what it reads to another protocol. Reading is restarted, because only then a transport finds out how a
        protocol takes data."""
        reads = not (self.flow.read_paused or self.transport.is_closing())
        if reads:
            self.transport.pause_reading()
        self.transport.set_protocol(protocol)
        if reads:
            self.transport.resume_reading()

    def _end_intake(self) -> None:
        self._head = None
        self._pieces.clear()
        if self._intake is not None:
            self._intake.end()
            self._intake = None
            self.read_into(self)

    def _forget(self) -> None:
        self._end_intake()
        super()._forget()

    def _is_in_head(self) -> bool:
        return super()._is_in_head() and self._head is None

    def _is_busy(self) -> bool:
        return self._head is not None or self._fresh is not None or super()._is_busy()

    def last_call(self) -> None:
        # A request that is not in flight yet would be overlooked, and an answer ahead of it would say that it is the last.
        self._begin_fresh()
        super().last_call()

    def connection_lost(self, exc: Exception | None) -> None:
        self._begin_fresh()
        self._end_intake()
        super().connection_lost(exc)


@compiled
def fresh_calls(connections: Iterable[FastProtocol]) -> dict[Endpoint, list[PlainCall]]:
    """The calls of the requests that connections have received in this turn of the loop, by endpoint; without calls that have to wait."""
    found: dict[Endpoint, list[PlainCall]] = {}
    for connection in connections:
        call = connection.next_call()
        if call is not None:
            found.setdefault(call.head.endpoint, []).append(call)
    return found

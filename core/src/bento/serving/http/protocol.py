"""One connection on both lanes: each request takes the fast one if it may, and all answers leave in the order of the requests."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from ..calls.request import new_request_id
from .connection import AHEAD, Connection, new_parser
from .heads import PlainCall
from .intake import Intake

if TYPE_CHECKING:
    import asyncio

    from ..calls.answer import Answer
    from .fast import FastLane
    from .heads import PlainHead

# Small answers are worth a batch from one connection; of large ones, a client that reads none shall not hold many.
_MANY, _FEW = 64, 4
_OVERLOADED = 503


class FastProtocol(Connection):
    """Parser callbacks decide, once a request's headers are there, which lane it takes."""

    __slots__ = (
        "_head",
        "_in_flight",
        "_intake",
        "_last_head",
        "_local_address",
        "_most",
        "_packet",
        "_pieces",
        "_ready",
        "_rests",
        "_waiting",
    )

    def __init__(self, lane: FastLane, *args: Any, **kwargs: Any) -> None:
        super().__init__(lane, *args, **kwargs)
        self._head: PlainHead | None = None
        self._last_head: PlainHead | None = None
        self._local_address = ""
        # What came while no request was open: perhaps one whole request.
        self._packet = b""
        # What the parser gave of a body, and what waits for the rest.
        self._pieces: list[bytes] = []
        self._intake: Intake | None = None
        # Requests in the order they came, those of them that have not begun, and answers that wait for one before them.
        self._in_flight: deque[PlainCall] = deque()
        self._waiting: deque[PlainCall] = deque()
        self._ready: dict[PlainCall, list[bytes]] = {}
        self._most = _FEW
        self._rests = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._local_address = self.server[0] if self.server else ""

    def data_received(self, data: bytes) -> None:
        self._packet = b""
        if not self._is_open and self._is_free():
            head = self._last_head
            if head is None or head.whole != len(data) or not data.startswith(head.packet):
                head = self._lane.heads.recall(data, self._local_address)
            if head is not None:
                if self.timeout_keep_alive_task is not None:
                    self._unset_keepalive_if_required()
                self._last_head = head
                self._received = time.monotonic()
                self._begin(head, data[head.size :])
                return
            self._packet = data
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
        # A client sends nearly the same headers every time: what was read from them last time is still right.
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
        """Whether this request line, on this connection now, goes with such a head."""
        parser = self.parser
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1" or not parser.should_keep_alive():
            return False
        return self._is_free()

    def _is_free(self) -> bool:
        """Whether nothing on the ordinary lane is ahead."""
        return not (self._ending or self.pipeline) and (self._running is None or not self._is_running())

    def _divert(self) -> None:
        """Give the request to uvicorn's own way, behind what this connection still has in flight here."""
        self._diverted = True
        super().on_message_begin()
        self.url = self._url
        for name, value in self._raw_headers:
            super().on_header(name, value)
        if self._in_flight:
            self.cycle = AHEAD
        super().on_headers_complete()

    # From a whole request to its answer

    def _begin(self, head: PlainHead, body: bytes | bytearray) -> None:
        call = PlainCall(head, body, head.request_id or new_request_id(), self._received, self._answered)
        in_flight = self._in_flight
        in_flight.append(call)
        if self.flow.write_paused or len(in_flight) > self._most:
            self._waiting.append(call)
            self.flow.pause_reading()
        else:
            head.endpoint.handle(call)

    def _answered(self, call: PlainCall, answer: Answer) -> None:
        """Take an answer, and write what is now first in line."""
        in_flight, lane = self._in_flight, self._lane
        if answer.headers and answer.closes:
            self._end()
        is_last = self._ending and in_flight[-1] is call and not self._last_words
        data = lane.encode(answer, call.request_id, self.server_state.default_headers, close=is_last)
        self._most = _MANY if len(data) == 1 else _FEW
        if lane.access_log is not None:
            lane.access_log.write("POST", call.head.path, answer.status, time.monotonic() - call.received, call.request_id)
        if in_flight[0] is call:
            in_flight.popleft()
            self.write(data)
            while self._ready and in_flight[0] in self._ready:
                self.write(self._ready.pop(in_flight.popleft()))
        else:
            self._ready[call] = data
        if answer.status == _OVERLOADED and not self._rests:
            self._rest()
        if self._waiting:
            # Not here: what is answered at once would start the next from within itself, and so on.
            self.loop.call_soon(self._start_waiting)
        elif not in_flight:
            if self._ending or self.pipeline or self.flow.read_paused:
                self._idle()
        elif not self._ending:
            self._read_on()

    def _start_waiting(self) -> None:
        """Begin what came faster than its answers could leave."""
        while self._waiting and not self.flow.write_paused and len(self._in_flight) - len(self._waiting) < self._most:
            call = self._waiting.popleft()
            call.head.endpoint.handle(call)

    def _idle(self) -> None:
        if self._last_words:
            self._end_if_idle()
        elif self.pipeline:
            super().on_response_complete()
        elif self._ending:
            self.transport.close()
        elif self.flow.read_paused:
            self._read_on()

    def _read_on(self) -> None:
        if not (self.flow.write_paused or self._rests):
            self.flow.resume_reading()

    def _rest(self) -> None:
        self._rests = True
        self.flow.pause_reading()
        self._lane.recess.add(self)

    def wake(self) -> None:
        """Read again after a refusal."""
        self._rests = False
        if not (self._waiting or self._ending or self.transport.is_closing()):
            self._read_on()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._start_waiting()
        if not (self._waiting or self._ending or self._is_busy()):
            self._read_on()

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
        """Begin with a request whose body came past the parser, which begins anew behind it."""
        self._end_intake()
        self._is_open = False
        self.parser = new_parser(self)
        self._begin(head, body)

    def read_into(self, protocol: Intake | FastProtocol) -> None:
        """Have the transport give what it reads to another protocol; how, it asks when it begins to read."""
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
        return bool(self._in_flight) or self._head is not None or super()._is_busy()

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
        self._end_intake()
        # One that still waits for its turn has never begun.
        begun = [call for call in self._in_flight if call not in self._waiting]
        self._in_flight.clear()
        self._waiting.clear()
        self._ready.clear()
        for call in begun:
            call.head.endpoint.leave(call)
        super().connection_lost(exc)

"""Pipelining: a client may ask on without waiting for answers, which leave in the order of its requests, whichever lane these take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...compiled import compiled
from ..calls.accounts import CLIENT_LEFT
from ..calls.request import new_request_id
from .connection import Connection
from .heads import PlainCall

if TYPE_CHECKING:
    from ..calls.answer import Answer
    from .ending import Data
    from .fast import FastLane
    from .heads import PlainHead

# How many requests of one connection may be in flight: many while its answers are small, so that they share a batch; few when they are
# large, so that a client that reads none of them does not fill the memory.
_MANY, _FEW = 64, 4


class Pipelining(Connection):
    """A connection that knows which requests of the fast lane are in flight, and which of their answers are to be written next."""

    __slots__ = ("_in_flight", "_most", "_ready", "_waiting", "rests")

    def __init__(self, lane: FastLane, *args: Any, **kwargs: Any) -> None:
        super().__init__(lane, *args, **kwargs)
        # Requests in the order they came, those of them that have not begun, answers that wait for earlier ones, and how many requests may
        # be in flight.
        self._in_flight: list[PlainCall] = []
        self._waiting: deque[PlainCall] = deque()
        self._ready: dict[PlainCall, Data] = {}
        self._most = _FEW
        # Whether a request of this connection was refused a moment ago: what it sends next is kept until `wake`.
        self.rests = False

    def _enter(self, head: PlainHead, body: bytes | bytearray) -> PlainCall | None:
        """A new call, or None if it has to wait for answers ahead of it to leave."""
        call = PlainCall(head, body, head.request_id or new_request_id(), self._received, self._lane.reply)
        call.connection = self
        self._in_flight.append(call)
        if self.flow.write_paused or len(self._in_flight) > self._most:
            self.put_off(call)
            return None
        return call

    def put_off(self, call: PlainCall) -> None:
        """Have the newest call wait for answers ahead of it to leave."""
        self._waiting.append(call)
        self._lane.room.keep(len(call.body))
        self.flow.pause_reading()

    def ends_with(self, call: PlainCall, answer: Answer) -> bool:
        """Whether an answer has to say that it is the connection's last. After the last answer, nothing more is read."""
        is_last = self.ending and self._in_flight[-1] is call and not (self.pipeline or self._backlog or self._last_words)
        if is_last or answer.closes:
            self._end()
        return is_last

    def last_call(self) -> None:
        super().last_call()
        newest = self._in_flight[-1] if self._in_flight else None
        # Its answer was encoded before it was known to be the last, and waits for those ahead of it.
        if newest in self._ready and not (self.pipeline or self._backlog or self._last_words):
            self._ready[newest] = _as_last(self._ready[newest])
            self._end()

    def send(self, call: PlainCall, data: Data) -> None:
        """Take an answer, and write every answer whose turn it is."""
        in_flight = self._in_flight
        self._most = _MANY if isinstance(data, bytes) else _FEW
        if in_flight[0] is call:
            del in_flight[0]
            self.write(data)
            while self._ready and in_flight[0] in self._ready:
                self.write(self._ready.pop(in_flight.pop(0)))
        else:
            self._ready[call] = data
        if self._waiting:
            # Not called here: if its call is answered at once, this method would call itself, and so on.
            self.loop.call_soon(self._start_waiting)
        elif not in_flight:
            if self.ending or self.pipeline or self.flow.read_paused:
                self.idle()
        elif not self.ending:
            self._read_on()

    def _start_waiting(self) -> None:
        """Begin requests that had to wait for earlier answers to leave."""
        while self._waiting and not self.flow.write_paused and len(self._in_flight) - len(self._waiting) < self._most:
            call = self._waiting.popleft()
            self._lane.room.give(len(call.body))
            call.head.endpoint.handle(call)

    def idle(self) -> None:
        """Go on, or end, now that nothing of the fast lane is in flight."""
        if self.pipeline:
            super().on_response_complete()
        elif self._last_words:
            self._end_if_idle()
        elif self._backlog:
            return  # `wake` begins what was kept
        elif self.ending:
            self.part()
        elif self.flow.read_paused:
            self._read_on()

    def _read_on(self) -> None:
        if not (self.flow.write_paused or self.rests):
            self.flow.resume_reading()

    def keep(self, data: bytes) -> None:
        """Keep what comes while this connection rests. Only a second packet pauses reading: most clients send one packet, and to pause and
        resume takes two system calls."""
        if self._backlog:
            self.flow.pause_reading()
        self._backlog.put(data)

    def wake(self) -> None:
        """Go on after a rest."""
        self.rests = False
        kept = self._backlog.take_all()
        if self.flow.read_paused and not (self._waiting or self._is_leaving()):
            self._read_on()
        if kept:
            self.data_received(kept)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._start_waiting()
        if not (self._waiting or self._in_flight or self.pipeline or self._is_leaving()):
            self._read_on()

    def _is_leaving(self) -> bool:
        """Whether nothing more will be read."""
        return self.transport.is_closing() or bool(self._last_words or (self.ending and self._in_flight))

    def _end(self) -> None:
        """Read no more, and close once everything in flight is answered."""
        self.ending = True
        self._backlog.drop()
        self.flow.pause_reading()

    def _is_busy(self) -> bool:
        return bool(self._in_flight or self._backlog) or super()._is_busy()

    def connection_lost(self, exc: Exception | None) -> None:
        # A call that still waits for its turn has never begun.
        waiting = set(self._waiting)
        begun = [call for call in self._in_flight if call not in waiting]
        self._in_flight.clear()
        self._waiting.clear()
        self._ready.clear()
        for call in waiting:
            self._lane.room.give(len(call.body))
        for call in begun:
            self._leave_call(call)
        super().connection_lost(exc)

    def _leave_call(self, call: PlainCall) -> None:
        if not call.settled:
            call.head.endpoint.leave(call)
            if self._lane.access_log is not None:
                self._lane.access_log.write("POST", call.head.path, CLIENT_LEFT, time.monotonic() - call.received, call.request_id)


def _as_last(data: Data) -> Data:
    """The answer, changed to say that it is its connection's last."""
    first, *rest = [data] if isinstance(data, bytes) else data
    head, end, body = first.partition(b"\r\n\r\n")
    first = b"%b\r\nconnection: close%b%b" % (head, end, body)
    return [first, *rest] if rest else first


@compiled
def send_all(calls: Sequence[PlainCall], written: Sequence[Data]) -> None:
    """Give each answer to the connection of its call."""
    for call, data in zip(calls, written, strict=True):
        call.connection.send(call, data)

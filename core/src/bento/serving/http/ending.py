"""How a connection ends: when its client leaves something undone for too long, after a refusal, and when the server stops.

uvicorn waits without limit for the rest of a request, for a client to read an answer, and for a first byte. This is its protocol with a
limit for each of these waits; the patrol keeps the time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..calls.answer import problem
from ..calls.limits import LAST_CALL_SECONDS, LINGER_SECONDS
from ..calls.request import fit_request_id, read_headers
from ..lifecycle import State
from .backlog import Backlog
from .kernel import has_input
from .standins import Deaf, Linger, Parting

if TYPE_CHECKING:
    import asyncio

    from .fast import FastLane

Data = bytes | list[bytes]
"""An answer as it is written, whole or in pieces."""


class Ending(HttpToolsProtocol):
    """A connection that knows what it owes its client, and ends when it owes nothing more."""

    # Instances of a class share the keys of their dictionaries, but only up to a number (PEP 412) that uvicorn's own attributes reach
    # already. With ours among them, each connection would have a dictionary of its own, in which Python looks for every method first. Those
    # of uvicorn's attributes that every request needs are slots, too.
    __slots__ = (
        "_backlog",
        "_diverted",
        "_is_open",
        "_lane",
        "_last_words",
        "_limits",
        "_raw_headers",
        "_received",
        "_running",
        "_seen",
        "_seen_at",
        "_url",
        "ending",
        "flow",
        "pipeline",
        "timeout_keep_alive_task",
        "transport",
    )

    def __init__(self, lane: FastLane, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lane = lane
        self._limits = lane.app.lifecycle.limits
        # Of the newest request: when it began, its target and headers, whether some of it is still to come, and whether uvicorn has it. And
        # the last of uvicorn's requests that it began to answer.
        self._received = 0.0
        self._url = b""
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._is_open = self._diverted = False
        self._running: Any = None
        self.ending = False
        # The answer to a request that was refused unread, until it is written.
        self._last_words: Data = b""
        # What the patrol saw when it last found a change: when the newest request began, and how many bytes of answers were unread. And
        # when that was.
        self._seen = (0.0, 0)
        self._seen_at = time.monotonic()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = self._backlog = Backlog(transport)
        self.ending = self._lane.app.lifecycle.state is State.DRAINING
        self._lane.patrol.add(self)
        self._lane.crowd.look(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lane.patrol.discard(self)
        # uvicorn tells only its newest request that the client has left, and that one may still be waiting for its turn.
        if self._is_running():
            self._leave()
        super().connection_lost(exc)
        # Requests that never began refer to this connection, and the connection to them.
        self.pipeline.clear()
        self._backlog.drop()

    # What the patrol sees

    def look(self, now: float) -> None:
        """End the connection if, for too long, its client has left a head unfinished or an answer unread, or has sent no request."""
        unread = self.transport.get_write_buffer_size()
        if self._is_in_head() and not self._backlog and now - self._received >= self._limits.head_seconds:
            self.refuse(408, f"the headers did not arrive within {self._limits.head_seconds:.3g} seconds")
        elif (self._received, unread) != self._seen or (not unread and self._is_busy()):
            self._seen, self._seen_at = (self._received, unread), now
        elif now - self._seen_at >= (self._limits.idle_seconds if unread or self._is_open else self._limits.keep_alive_seconds):
            # `close` would wait for the client to read what is left.
            self.transport.abort()

    def _is_in_head(self) -> bool:
        return self._is_open and not self._diverted

    def _is_busy(self) -> bool:
        """Whether the server still owes the client an answer."""
        return bool(self.pipeline) or self._is_running()

    # Its end

    def last_call(self) -> None:
        """Answer the requests that have been read or come next, then close. The last answer says that it is the last."""
        self.ending = True
        self._say_last()

    def _say_last(self) -> None:
        """Have the answer to uvicorn's newest request say that it is the last, and close the connection after it. An answer that is on its
        way already can no longer say so, so its client may send one more request."""
        if self.cycle is not None and not (self._last_words or self._backlog or self.cycle.response_started):
            self.cycle.keep_alive = False
            self.cycle.transport = Parting(self)  # type: ignore[assignment]  # a transport, except for `close`

    def part(self) -> None:
        """Close after the last answer. If the client is still sending, that is read for a while, because a reset could destroy the answer
        on its way."""
        if self.transport.is_closing():
            return
        self.pipeline.clear()
        self._backlog.drop()
        if has_input(self.transport.get_extra_info("socket")):
            self._linger()
        else:
            self.transport.close()

    def shutdown(self) -> None:
        """If an answer is owed, close after the last one. Otherwise close now, unless a request has begun so recently that the rest of it,
        or another one, may be on its way."""
        patience = LINGER_SECONDS if self._is_in_head() else LAST_CALL_SECONDS
        if self._is_busy():
            self.last_call()
        elif time.monotonic() - self._received >= patience and not isinstance(self.transport.get_protocol(), Linger):
            self.transport.close()

    def refuse(self, status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Refuse a request without reading on: its answer follows those to the requests ahead of it, and then the connection closes."""
        sent = read_headers(self._raw_headers) if self._is_open and not self._is_in_head() else {}
        request_id = fit_request_id(sent.get("x-request-id", ""))
        answer = problem(status, detail, request_id=request_id, headers=headers)
        if self._lane.access_log is not None:
            method, path = ("-", "-") if self._is_in_head() else (self.parser.get_method().decode(), self._url.decode("latin-1"))
            self._lane.access_log.write(method, path.partition("?")[0], status, time.monotonic() - self._received, request_id)
        self._forget()
        self._backlog.drop()
        self.ending = True
        self.flow.pause_reading()
        self.parser = Deaf()  # type: ignore[assignment]  # uvicorn does the same with None
        self._last_words = self._lane.encode(answer, request_id, self.server_state.default_headers, close=True)
        self._end_if_idle()

    def _forget(self) -> None:
        """Drop the request that is being read. If uvicorn has it already, uvicorn is told that the client has left."""
        if self._is_open and self._diverted:
            if self.pipeline and self.pipeline[0][0] is self.cycle:
                self.pipeline.popleft()
            elif self._is_running():
                self._leave()
        self._is_open = False

    def _is_running(self) -> bool:
        return self._running is not None and not self._running.response_complete

    def _leave(self) -> None:
        """Tell the request that uvicorn is answering that nobody waits for it any more."""
        if self._running.response_started:
            self.transport.abort()
        self._running.disconnected = self._running.response_complete = True
        self._running.message_event.set()

    def _end_if_idle(self) -> None:
        """If nothing else is owed any more, write the answer to what was refused, and end."""
        if not self._last_words or self._is_busy() or self.transport.is_closing():
            return
        self.write(self._last_words)
        self._linger()

    def _linger(self) -> None:
        self._lane.patrol.discard(self)
        self.flow.resume_reading()
        Linger(self.transport, self)

    def write(self, data: Data) -> None:
        if isinstance(data, bytes):
            self.transport.write(data)
        else:
            self.transport.writelines(data)

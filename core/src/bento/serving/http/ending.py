"""How a connection ends: after what its client has left undone for too long, behind a refusal, and once the server stops.

uvicorn waits without end for the rest of a request, for somebody to read an answer, and for a first byte. This is its protocol with an end
to each of them; the patrol sees to the times.
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
    """What is owed to a client, and what happens once that is nothing any more."""

    # Instances of a class share the keys of their dictionaries, but only so many (PEP 412), and uvicorn's own attributes are as many. With
    # ours beside them each connection would have a dictionary of its own, in which Python looks for every method first. Those of uvicorn's
    # attributes that every request needs are slots, too.
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
        # When the newest request began, its target and headers, whether some of it is still to come, whether uvicorn has it, and the last
        # of uvicorn's requests that it began to answer.
        self._received = 0.0
        self._url = b""
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._is_open = self._diverted = False
        self._running: Any = None
        self.ending = False
        # The answer to what was refused unread, until it is written.
        self._last_words: Data = b""
        # What the patrol saw when something last happened: when the newest request began and how much was unread; and when that was.
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
        # uvicorn tells the newest of its requests only, and that may be one that waits.
        if self._is_running():
            self._leave()
        super().connection_lost(exc)
        # Those that never began know this connection, and it them.
        self.pipeline.clear()
        self._backlog.drop()

    # What the patrol sees

    def look(self, now: float) -> None:
        """End the connection if for too long its client has left a head unfinished, an answer unread, or asked nothing."""
        unread = self.transport.get_write_buffer_size()
        if self._is_in_head() and not self._backlog and now - self._received >= self._limits.head_seconds:
            self.refuse(408, f"the headers were not there within {self._limits.head_seconds:.3g} seconds")
        elif (self._received, unread) != self._seen or (not unread and self._is_busy()):
            self._seen, self._seen_at = (self._received, unread), now
        elif now - self._seen_at >= (self._limits.idle_seconds if unread or self._is_open else self._limits.keep_alive_seconds):
            # `close` would wait for the client to read what is left.
            self.transport.abort()

    def _is_in_head(self) -> bool:
        return self._is_open and not self._diverted

    def _is_busy(self) -> bool:
        """Whether the server owes the client something."""
        return bool(self.pipeline) or self._is_running()

    # Its end

    def last_call(self) -> None:
        """Answer what has been read, or comes next, and close: the last answer says so."""
        self.ending = True
        self._say_last()

    def _say_last(self) -> None:
        """Have the answer to the newest of uvicorn's requests say that it is the last, and close. An answer that is on its way already
        cannot say so any more, so its client may ask once again."""
        if self.cycle is not None and not (self._last_words or self._backlog or self.cycle.response_started):
            self.cycle.keep_alive = False
            self.cycle.transport = Parting(self)  # type: ignore[assignment]  # it is one but for its end

    def part(self) -> None:
        """Close behind the last answer. A client that goes on sending is read for a while: a reset could take that answer from it."""
        if self.transport.is_closing():
            return
        self.pipeline.clear()
        self._backlog.drop()
        if has_input(self.transport.get_extra_info("socket")):
            self._linger()
        else:
            self.transport.close()

    def shutdown(self) -> None:
        """Have the last answer close, if one is owed; else close, unless a request has begun so recently that the rest of it, or another,
        may be on its way."""
        patience = LINGER_SECONDS if self._is_in_head() else LAST_CALL_SECONDS
        if self._is_busy():
            self.last_call()
        elif time.monotonic() - self._received >= patience and not isinstance(self.transport.get_protocol(), Linger):
            self.transport.close()

    def refuse(self, status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Answer what will not be read, behind all that is ahead of it, and close."""
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
        """Drop the request that is being read; for uvicorn, if it has that already, its client has left."""
        if self._is_open and self._diverted:
            if self.pipeline and self.pipeline[0][0] is self.cycle:
                self.pipeline.popleft()
            elif self._is_running():
                self._leave()
        self._is_open = False

    def _is_running(self) -> bool:
        return self._running is not None and not self._running.response_complete

    def _leave(self) -> None:
        """Tell the request that uvicorn is answering that nobody waits for it."""
        if self._running.response_started:
            self.transport.abort()
        self._running.disconnected = self._running.response_complete = True
        self._running.message_event.set()

    def _end_if_idle(self) -> None:
        """Once nothing is owed any more: say the last words and go."""
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

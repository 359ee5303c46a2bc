"""Endpoints: one api as a lane sees it. A request goes in; one answer comes out, exactly once, on the event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from ...adapters._release import release
from ...errors import DeadlineExceeded
from .accounts import CLIENT_LEFT, Accounts
from .answer import Answer
from .batching import Batcher
from .deadlines import Deadlines
from .limits import Limits, payload_of

if TYPE_CHECKING:
    from .call import Call
    from .pipeline import Pipeline
    from .room import Room

# Decoding this much takes about as long as a hop to a thread and back.
_LARGE = 64 * 1024
# Freeing the value of so much JSON at once takes milliseconds.
_HUGE = 1024 * 1024


class Endpoint:
    """Decodes requests to one api, lets its batcher answer them, and counts what became of each."""

    def __init__(self, pipeline: Pipeline, accounts: Accounts, limits: Limits, room: Room, decoders: Executor) -> None:
        self.api = pipeline.api
        self._pipeline = pipeline
        self._accounts = accounts
        self._limits = limits
        self._room = room
        self._decoders = decoders
        self._loop = asyncio.get_running_loop()
        self._batcher = Batcher(self.api, pipeline.execute, self._loop, limits.queue, accounts.batch_done)
        self._deadlines = Deadlines(self._loop)

    def handle(self, call: Call) -> None:
        """Begin to answer a call's request: its `reply` is called once, perhaps before this returns, unless the client leaves first."""
        request = call.request
        call.begin(self.api.timeout, self._conclude)
        self._deadlines.add(call)
        self._accounts.begun()
        try:
            # What will be refused is not worth decoding.
            self._batcher.check_room(call)
            if len(request.body) > _LARGE or request.head.content_encoding or self._pipeline.reader.costly:
                self._decode_in_thread(call)
                return
            self._pipeline.admit(call, request.head.payload(request.body))
            self._submit(call)
        except Exception as error:  # noqa: BLE001 - the outcome of this call
            call.settle(error)

    def leave(self, call: Call) -> None:
        """The client is gone: nobody waits for this call any more."""
        if not call.settled:
            call.abandon()
            self._close(call, CLIENT_LEFT)

    @property
    def open_calls(self) -> int:
        """Requests that wait or run."""
        return len(self._deadlines)

    def close(self) -> None:
        self._batcher.close()

    def _decode_in_thread(self, call: Call) -> None:
        self._hold(call, len(call.request.body))
        decoding = self._loop.run_in_executor(self._decoders, self._decode, call)
        decoding.add_done_callback(lambda done: self._decoded(call, done))

    def _decoded(self, call: Call, done: asyncio.Future[int]) -> None:
        error = done.exception()
        if call.settled:
            return
        try:
            if error is not None:
                raise error
            self._hold(call, done.result() - len(call.request.body))
            self._batcher.check_room(call)
            self._submit(call)
        except Exception as error:  # noqa: BLE001 - the outcome of this call
            call.settle(error)

    def _hold(self, call: Call, size: int) -> None:
        self._room.take(size)
        call.held += size

    def _decode(self, call: Call) -> int:
        """Decode a call's body; returns how many bytes it had, decompressed."""
        payload = payload_of(call.request, self._limits)
        self._pipeline.admit(call, payload)
        return len(payload.data)

    def _let_go(self, call: Call) -> None:
        """Free what a large request has held, a huge value a little at a time."""
        self._room.give(call.held)
        value = call.let_go()
        if call.held > _HUGE:
            self._loop.run_in_executor(self._decoders, release, [value])

    def _submit(self, call: Call) -> None:
        """Queue a decoded call."""
        if call.decoded_at >= call.deadline:
            raise DeadlineExceeded("the deadline was over before the request was read")
        self._batcher.submit(call)

    def _conclude(self, call: Call, outcome: Answer | BaseException) -> None:
        answer = outcome if isinstance(outcome, Answer) else self._accounts.failure(call, outcome)
        self._close(call, answer.status)
        call.reply(answer)

    def _close(self, call: Call, status: int) -> None:
        if call.held:
            self._let_go(call)
        self._deadlines.discard(call)
        self._accounts.done(call, status)

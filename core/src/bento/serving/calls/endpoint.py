"""Endpoints: one api as a lane sees it. A request goes in; one answer comes out, exactly once, on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ...adapters._release import release
from ...compiled import compiled
from .accounts import CLIENT_LEFT, Accounts
from .answer import Answer, failures
from .batching import Batcher
from .deadlines import Deadlines

if TYPE_CHECKING:
    from .call import Call
    from .limits import Limits
    from .pipeline import Pipeline
    from .room import Room
    from .threads import Threads

log = logging.getLogger("bento.serving")

# Decoding this much takes about as long as a hop to a thread and back.
LARGE = 64 * 1024
# Freeing the value of so much JSON at once takes milliseconds.
_HUGE = 1024 * 1024


class Endpoint:
    """Decodes requests to one api, lets its batcher answer them, and counts what became of each."""

    def __init__(self, pipeline: Pipeline, accounts: Accounts, limits: Limits, room: Room, decoders: Threads) -> None:
        self.api = pipeline.api
        self._pipeline = pipeline
        self._accounts = accounts
        self._limits = limits
        self._room = room
        self._decoders = decoders
        self._loop = asyncio.get_running_loop()
        self._batcher = Batcher(self.api, pipeline.execute, self._conclude, self._loop, limits.queue, accounts.batch_done)
        self._deadlines = Deadlines(self._loop, self._settle)
        self._arrived: list[Call] = []

    def handle(self, call: Call) -> None:
        """Begin to answer a call in this turn of the loop: its `reply` is called once afterwards, unless the client leaves first."""
        arrived = self._arrived
        if not arrived:
            self._loop.call_soon(self._admit)
        arrived.append(call)

    def handle_all(self, calls: Sequence[Call]) -> None:
        """Begin to answer calls that have come in this turn of the loop, and all that `handle` has taken in it."""
        self._arrived += calls
        self._admit()

    def leave(self, call: Call) -> None:
        """The client is gone: nobody waits for this call any more."""
        if call.settled:
            return
        call.abandon()
        if call in self._arrived:
            self._arrived.remove(call)
            self._accounts.begun()
        self._close([call], CLIENT_LEFT)

    @property
    def open_calls(self) -> int:
        """Requests that wait or run."""
        return len(self._deadlines) + len(self._arrived)

    def close(self) -> None:
        self._batcher.close()

    def _admit(self) -> None:
        """Take in the calls that have come in this turn of the loop: what is read together goes into one batch."""
        calls, self._arrived = self._arrived, []
        # Calls of `handle` may have left, or have gone in with those of `handle_all`.
        if not calls:
            return
        self._accounts.begun(len(calls))
        self._deadlines.add(calls, self.api.timeout)
        if not self._batcher.is_free_for(len(calls)):
            calls = self._refuse_late(calls)
        small = self._decode_large(calls)
        if small:
            failed = self._pipeline.reading.admit_all(small)
            for call, error in failed:
                self._settle(call, error)
            ready = [call for call in small if not call.settled] if failed else small
            if ready:
                self._batcher.add(ready, at_once=True)

    def _refuse_late(self, calls: list[Call]) -> list[Call]:
        """Refuse calls that could not be answered in time; returns the others."""
        taken, refused = self._batcher.sort_out(calls)
        for error, others in refused:
            self._reply(others, failures(error, [call.request_id for call in others]))
        return taken

    def _decode_large(self, calls: list[Call]) -> list[Call]:
        """Hand calls whose decoding may take long to a thread; returns the others."""
        costly = self._pipeline.reader.costly
        large = dict.fromkeys(calls) if costly else dict.fromkeys(larger_than(LARGE, calls))
        for call in large:
            try:
                self._decode_in_thread(call)
            except Exception as error:  # noqa: BLE001 - the outcome of this call
                self._settle(call, error)
        return [call for call in calls if call not in large] if large else calls

    def _decode_in_thread(self, call: Call) -> None:
        self._room.take_for(call, len(call.body))
        self._decoders.run(partial(self._pipeline.decode, call, self._limits), partial(self._decoded, call))

    def _decoded(self, call: Call, size: int, failed: BaseException | None) -> None:
        if call.settled:
            return
        if failed is not None:
            self._settle(call, failed)
            return
        try:
            self._room.take_for(call, size - len(call.body))
            if self._batcher.is_free_for(1) or self._refuse_late([call]):
                self._batcher.add([call])
        except Exception as error:  # noqa: BLE001 - the outcome of this call
            self._settle(call, error)

    def _let_go(self, call: Call) -> None:
        """Give back the room that a large request has held, and free its value; a huge one in a thread, a little at a time."""
        self._room.give(call.held)
        value = call.let_go()
        if call.held > _HUGE:
            self._decoders.run(partial(release, [value]), lambda *_: None)

    def _conclude(self, calls: Sequence[Call], otherwise: BaseException) -> None:
        """Answer the calls of a batch; `otherwise` is the outcome of calls to which the batch has given none."""
        good, answers = answered(calls)
        if good:
            self._reply(good, answers)
        if len(good) < len(calls):
            for call in calls:
                if not isinstance(call.outcome, Answer):
                    self._settle(call, call.outcome or otherwise)

    def _settle(self, call: Call, error: BaseException) -> None:
        """Answer a call that failed, unless it is over already."""
        if not call.settled:
            self._reply([call], [self._accounts.failure(call, error)])

    def _reply(self, calls: Sequence[Call], answers: Sequence[Answer]) -> None:
        """Answer calls that are still open, all with the same status."""
        settle(calls)
        if self._sends_together(calls, answers):
            self._close(calls, answers[0].status)
        else:
            for call, answer in zip(calls, answers, strict=True):
                self._close([call], self._send_alone(call, answer))

    def _sends_together(self, calls: Sequence[Call], answers: Sequence[Answer]) -> bool:
        """Whether one lane could send all of these answers together; if not, it has sent none.

        A lane encodes all answers before it writes one. A transport raises only after it has reported its end, and then nobody waits for
        answers.
        """
        if not share_reply(calls):
            return False
        try:
            calls[0].reply(calls, answers)
        except Exception:  # noqa: BLE001 - sent one by one, they show which of them failed
            return False
        return True

    def _send_alone(self, call: Call, answer: Answer) -> int:
        """Send one answer, or a 500 for what its lane cannot write; returns the status."""
        try:
            call.reply([call], [answer])
        except Exception as error:  # noqa: BLE001 - no reason to leave the others without an answer
            answer = self._accounts.failure(call, error)
            try:
                call.reply([call], [answer])
            except Exception:
                log.exception("%s has no way to answer request %s", self.api.name, call.request_id)
        return answer.status

    def _close(self, calls: Sequence[Call], status: int) -> None:
        for call in holding(calls):
            self._let_go(call)
        self._deadlines.discard(calls)
        self._accounts.done(calls, status)


@compiled
def larger_than(size: int, calls: Sequence[Call]) -> list[Call]:
    """Those of the calls whose body has more than `size` bytes, or may have once it is decompressed."""
    return [call for call in calls if len(call.body) > size or call.head.content_encoding]


@compiled
def answered(calls: Sequence[Call]) -> tuple[list[Call], list[Answer]]:
    """Those of the calls that somebody still waits for and that have an answer, and these answers."""
    good = [call for call in calls if not call.settled and isinstance(call.outcome, Answer)]
    return good, [call.outcome for call in good]  # type: ignore[misc]


@compiled
def share_reply(calls: Sequence[Call]) -> bool:
    """Whether one `reply` sends the answers to all of these calls."""
    return len({call.reply for call in calls}) == 1


@compiled
def holding(calls: Sequence[Call]) -> list[Call]:
    """Those of the calls that hold some of the room for large requests."""
    return [call for call in calls if call.held]


@compiled
def settle(calls: Sequence[Call]) -> None:
    """Mark calls as answered, so that nothing else answers them."""
    for call in calls:
        call.settled = True

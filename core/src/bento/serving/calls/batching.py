"""Batching: calls wait in order until a call of the api can start, which then takes everything that is there.

A batch starts when the api is free and takes all that is queued, oldest first, up to `Batch.size` rows of one group. It waits for more only
if `Batch.wait` says so, or if clients were seen to ask again at once and waiting for them pays (`returning`). In simulations with Poisson
and bursty arrivals on cheap and on GPU-like models no timer had a better mean or 99th percentile (docs/performance.md).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...api import Batch
from ...errors import Overloaded
from .choosing import choose, is_batch, note_start
from .holding import HoldingWatch
from .pipeline import drive
from .placement import Placement
from .returning import Returning
from .threads import Threads

if TYPE_CHECKING:
    from ...api import Api
    from .call import Call

# The weight of the newest batch in the moving average of batch durations.
_WEIGHT = 0.2
# A prediction that is right on average is too short half of the time, and then a call that was let in ends in a 504, not in an early 503.
_MARGIN = 1.25
# Cheap calls that run one after another on the event loop let other callbacks have a turn after this long.
_TURN_SECONDS = 0.001

Execute = Callable[[Sequence["Call"]], Coroutine[Any, Any, None]]
# Called with the calls of a batch that is over, and the outcome of those to which the batch has given none.
Conclude = Callable[[Sequence["Call"], BaseException], None]


class Batcher:
    """The queue of one api. Everything but `execute` happens on the event loop, so nothing here is locked.

    `execute` gives each call of a batch its outcome, in a thread or on the loop; `conclude` then answers them. `limit` is how many calls
    may wait, and `on_measured` is told the model's seconds and the rows of each batch.
    """

    def __init__(
        self,
        api: Api,
        execute: Execute,
        conclude: Conclude,
        loop: asyncio.AbstractEventLoop,
        limit: int,
        on_measured: Callable[[float, int], None],
    ) -> None:
        self._name = api.name
        self._batch = api.batch or Batch(size=1)
        self._is_async = api.is_async
        self._execute = execute
        self._conclude = conclude
        self._loop = loop
        self._limit = limit
        self._on_measured = on_measured
        self._queue: list[Call] = []
        self._free = self._concurrency = api.concurrency
        self._wake: asyncio.Handle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = Threads(api.concurrency, f"bento-{api.name}", loop)
        self._batch_seconds = 0.0
        self.placement = Placement()
        self._returning = Returning()
        self._holding = HoldingWatch(api.name, loop)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def add(self, calls: Sequence[Call], *, at_once: bool = False) -> None:
        """Put decoded calls at the end of the queue, which has room for them.

        A batch starts with the next turn of the loop, or now with `at_once`, for callers that have added everything that came in this turn.
        """
        self._queue.extend(calls)
        if self._returning.awaits_more(len(calls)) and not self._is_full:
            return
        if self._can_start() and (at_once or self._wake is None or self._returning.is_waited_for or self._is_full):
            self._schedule(at_once=at_once)

    def is_free_for(self, count: int) -> bool:
        """Whether the queue has room for so many more calls and the api can start one now: then no wait has to be predicted for them."""
        return self._free > 0 and len(self._queue) + count <= self._limit

    def sort_out(self, calls: Sequence[Call]) -> tuple[list[Call], list[tuple[Overloaded, list[Call]]]]:
        """The calls that could be answered in time if they were added now; and the others, grouped by the error that says why not.

        Neighbours with the same number of calls ahead of them share one error.
        """
        taken: list[Call] = []
        refused: list[tuple[Overloaded, list[Call]]] = []
        others: list[Call] | None = None
        now = time.monotonic()
        waiting = len(self._queue)
        due = now + self._predicted_wait(waiting)
        for call in calls:
            if waiting < self._limit and (due <= call.deadline or due == now):
                taken.append(call)
                waiting += 1
                due = now + self._predicted_wait(waiting)
                others = None
            elif others is None:
                others = [call]
                refused.append((self._overloaded(waiting), others))
            else:
                others.append(call)
        return taken, refused

    def close(self) -> None:
        """Release the threads; a thread that hangs in a model is left behind."""
        self._threads.close()

    def _predicted_wait(self, waiting: int) -> float:
        """Seconds until a call behind so many others would be over; 0 until a batch was measured, because no call is refused on a guess."""
        if self._free > 0 or not waiting:
            return 0.0
        batches = (waiting + 1) / self._batch.size - self._free
        return _MARGIN * batches / self._concurrency * self._batch_seconds

    def _overloaded(self, waiting: int) -> Overloaded:
        wait = self._predicted_wait(waiting)
        if waiting >= self._limit:
            return Overloaded(f"{self._name} has {self._limit} requests waiting, its limit", retry_after=max(1, math.ceil(wait)))
        return Overloaded(f"{self._name} could not answer in time: the wait is about {wait:.2g} seconds", retry_after=math.ceil(wait))

    def _can_start(self) -> bool:
        """Whether a batch can start, or can be handed to a busy thread: a full batch may wait there, and then begins without a turn of the
        loop."""
        return self._free > 0 or (self._free == 0 and self._is_threaded and len(self._queue) >= self._batch.size)

    @property
    def _is_full(self) -> bool:
        """Whether the queue holds a full batch, so that waiting for more calls is of no use."""
        return len(self._queue) >= self._batch.size or sum([call.weight for call in self._queue]) >= self._batch.size

    @property
    def _is_threaded(self) -> bool:
        return not self._is_async and not self.placement.inline

    def _schedule(self, *, at_once: bool = False) -> None:
        """Have the next batch start when its `Batch.wait` is over. Without one, it starts now with `at_once`, or else after this turn of
        the loop, so that calls of this turn join it."""
        if self._wake is not None:
            self._wake.cancel()
        wait = self._wait_left()
        if wait > 0:
            self._wake = self._loop.call_later(wait, self._start)
        elif at_once:
            self._start()
        else:
            self._wake = self._loop.call_soon(self._start)

    def _wait_left(self) -> float:
        if not self._batch.wait or self._is_full:
            return 0.0
        return self._queue[0].decoded_at + self._batch.wait - time.monotonic()

    def _start(self) -> None:
        self._wake = None
        now = time.monotonic()
        self._returning.end(now)
        turn_ends = now + _TURN_SECONDS
        while self._queue and self._can_start():
            calls = self._take()
            if not calls:
                continue
            self._free -= 1
            if self._is_async:
                self._run_on_loop(calls)
            elif self.placement.inline:
                self._run_inline(calls)
                if time.monotonic() > turn_ends:
                    break
            else:
                self._run_in_thread(calls)

    def _take(self) -> list[Call]:
        """The oldest calls of one group, as many as a batch holds; calls that nobody waits for any more are dropped."""
        now = time.monotonic()
        oldest = self._queue[: self._batch.size]
        if is_batch(oldest, self._batch.size, now):
            del self._queue[: len(oldest)]
        else:
            oldest = choose(self._queue, self._batch.size, now)
        note_start(oldest, now)
        return oldest

    def _run_on_loop(self, calls: list[Call]) -> None:
        task = self._loop.create_task(self._execute(calls))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: self._finish(calls, _error_of(done)))

    def _run_in_thread(self, calls: list[Call]) -> None:
        self._holding.begun()
        self._threads.run(partial(self._work, calls), partial(self._back_from_thread, calls))

    def _back_from_thread(self, calls: list[Call], _: None, error: BaseException | None) -> None:
        self._holding.done()
        self._finish(calls, None if isinstance(error, asyncio.CancelledError) else error)

    def _work(self, calls: list[Call]) -> None:
        """Runs in a thread: leave out calls that nobody waits for any more since the batch was handed over, and execute the rest."""
        now = time.monotonic()
        calls[:] = [call for call in calls if call.is_wanted(now)]
        note_start(calls, now)
        if calls:
            drive(self._execute(calls))

    def _run_inline(self, calls: list[Call]) -> None:
        try:
            drive(self._execute(calls))
        except BaseException as error:
            self._finish(calls, error)
            if isinstance(error, KeyboardInterrupt):
                raise
        else:
            self._finish(calls)

    def _finish(self, calls: list[Call], failed: BaseException | None = None) -> None:
        self._free += 1
        now = time.monotonic()
        try:
            # Answered first: clients need not wait for what is learned from the batch.
            self._conclude(calls, failed or RuntimeError(f"{self._name} was interrupted"))
        finally:
            if calls and calls[0].run.rows:
                self._measure(calls[0], now)
            self._go_on(len(calls))

    def _go_on(self, answered: int) -> None:
        """Have the next batch start, after a wait for the clients that were just answered if that pays."""
        if self._wake is not None:
            return
        waits = self._free == self._concurrency == 1 and not (self.placement.inline or self._batch.wait or self._is_full)
        wait = self._returning.begin(answered, time.monotonic()) if waits else 0.0
        if wait > 0:
            self._wake = self._loop.call_later(wait, self._start)
        elif self._queue:
            self._schedule()

    def _measure(self, call: Call, ended_at: float) -> None:
        """Learn from a batch, whose figures all its calls share; a batch that failed before its model was done is not measured."""
        run = call.run
        self._on_measured(run.model_seconds, run.rows)
        self._returning.observe(run.rows, run.model_seconds)
        seconds = ended_at - call.started_at
        self.placement.observe(seconds, run.processor_seconds)
        self._batch_seconds += (_WEIGHT if self._batch_seconds else 1.0) * (seconds - self._batch_seconds)


def _error_of(done: asyncio.Future[None]) -> BaseException | None:
    return None if done.cancelled() else done.exception()

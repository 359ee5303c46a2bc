"""The threads of one api: the way there and back to the event loop, for less than half of what it takes by an executor's futures.

An executor has for each call a future with a lock of its own, and asyncio another that follows it. Here an executor only owns a
thread: it starts it when it is needed, and has the interpreter wait for it at its end. What it is given to do is to take work
from a queue, one piece after the other, for as long as it comes. Each has one thread, for one that cannot start its second keeps what
that was to do.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from ...errors import Overloaded

log = logging.getLogger("bento.serving")

R = TypeVar("R")

# So long the interpreter may have to wait at its end for threads that nobody has closed.
_IDLE_SECONDS = 1.0
# Between two lines in the log that say that there can be no further thread.
_QUIET_SECONDS = 10.0

Done = Callable[[Any, BaseException | None], None]
"""Told on the event loop what work has returned, or what it has raised: a CancelledError if it has never begun."""


class Threads:
    """At most `most` threads, which begin work in the order in which it is given to them. All but the work happens on the event loop.

    Where the system lets no further thread start, those that are there do the work; if there are none, it ends as Overloaded.
    """

    def __init__(self, most: int, name: str, loop: asyncio.AbstractEventLoop) -> None:
        self._most = most
        self._loop = loop
        self._name = name
        self._idle: list[ThreadPoolExecutor] = []
        self._queue: SimpleQueue[tuple[Callable[[], Any], Done] | None] = SimpleQueue()
        # How much work is not over, and how many threads take it.
        self._open = self._taking = 0
        self._is_closed = False
        self._said_at = -_QUIET_SECONDS

    def run(self, work: Callable[[], Any], done: Done) -> None:
        """Have a thread do this, and `done` told of its end."""
        if self._is_closed:
            self._loop.call_soon(done, None, asyncio.CancelledError())
            return
        self._open += 1
        self._queue.put((work, done))
        self._employ()

    def start(self, work: Callable[[], R]) -> asyncio.Future[R]:
        """Have a thread do this; returns what becomes of it."""
        future: asyncio.Future[R] = self._loop.create_future()
        self.run(work, partial(settle, future))
        return future

    def close(self) -> None:
        """Let go of the threads; one that hangs is left behind, and what has not begun never begins."""
        self._is_closed = True
        with suppress(Empty):
            while waiting := self._queue.get_nowait():
                self._loop.call_soon(self._over, waiting[1], None, asyncio.CancelledError())
        for _ in range(self._taking):
            self._queue.put(None)
        for executor in self._idle:
            executor.shutdown(wait=False)

    def _employ(self) -> None:
        """Have another thread take work, if there is more than threads that do, and there may be one."""
        if self._taking < min(self._open, self._most) and not self._is_closed:
            executor = self._idle.pop() if self._idle else ThreadPoolExecutor(1, f"{self._name}_{self._taking}")
            try:
                executor.submit(self._take, executor)
            except RuntimeError as error:
                self._do_without(error)
            else:
                self._taking += 1

    def _do_without(self, error: RuntimeError) -> None:
        """Go on where the system lets no further thread start."""
        now = time.monotonic()
        if now - self._said_at >= _QUIET_SECONDS:
            self._said_at = now
            log.error(
                "no further thread for %s, which has %d: %s: allow its user or container more processes and threads, or more memory",
                self._name,
                self._taking,
                error,
            )
        if not self._taking:
            with suppress(Empty):
                while waiting := self._queue.get_nowait():
                    self._loop.call_soon(self._over, waiting[1], None, Overloaded("the server can start no further thread"))

    def _take(self, executor: ThreadPoolExecutor) -> None:
        """What a thread does, until nothing has come for a while."""
        with suppress(Empty):
            while waiting := self._queue.get(timeout=_IDLE_SECONDS):
                self._do(*waiting)
                # Or what has been answered would be kept until more comes.
                del waiting
        self._tell(self._leave, executor)

    def _do(self, work: Callable[[], Any], done: Done) -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - whoever has given the work is told
            self._tell(self._over, done, None, error)
        else:
            self._tell(self._over, done, result, None)

    def _tell(self, what: Callable[..., None], *about: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(what, *about)
        except RuntimeError:
            # Nobody is left to be told once the loop is closed.
            if not self._loop.is_closed():
                raise

    def _over(self, done: Done, result: Any, error: BaseException | None) -> None:
        self._open -= 1
        done(result, error)

    def _leave(self, executor: ThreadPoolExecutor) -> None:
        """A thread takes no more; what was given to it in the very moment in which it gave up waiting is another's."""
        self._taking -= 1
        if self._is_closed:
            executor.shutdown(wait=False)
        else:
            self._idle.append(executor)
        if not self._queue.empty():
            self._employ()


class Outcome(asyncio.Future[R]):
    """What becomes of work that nobody can stop: a task that is cancelled while it waits for it goes on to do so."""

    def cancel(self, msg: object = None) -> bool:
        return False


def settle(future: asyncio.Future[R], result: R, error: BaseException | None) -> None:
    """Give a future what work has returned or raised, unless it was cancelled before."""
    if future.done():
        return
    if error is None:
        future.set_result(result)
    elif isinstance(error, asyncio.CancelledError):
        asyncio.Future.cancel(future)
    elif isinstance(error, StopIteration):
        # No future takes one before Python 3.12, and whoever waits for it would wait for ever.
        stopped = RuntimeError("work raised StopIteration")
        stopped.__cause__ = error
        future.set_exception(stopped)
    else:
        future.set_exception(error)

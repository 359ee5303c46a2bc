"""The threads of one api: work goes there and its result back to the event loop in less than half the time of an executor's futures.

For each call, an executor has a future with a lock of its own, and asyncio another that follows it. Here an executor only owns a thread: it
starts the thread when it is needed, and makes the interpreter wait for it at exit. Its one job is to take pieces of work from a queue for
as long as some come. Each executor has one thread, because one that cannot start its second thread keeps the work meant for it.
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

# How long an idle thread waits for work. At exit, the interpreter may have to wait as long for threads that nobody has closed.
_IDLE_SECONDS = 1.0
# At least so many seconds are between two log lines about threads that cannot be started.
_QUIET_SECONDS = 10.0

Done = Callable[[Any, BaseException | None], None]
"""Called on the event loop with what work has returned, or what it has raised: a CancelledError if it has never begun."""


class Threads:
    """At most `most` threads, which begin work in the order in which it is given to them. All but the work happens on the event loop.

    If the system lets no further thread start, those that are there do the work; if there are none, the work fails as Overloaded.
    """

    def __init__(self, most: int, name: str, loop: asyncio.AbstractEventLoop) -> None:
        self._most = most
        self._loop = loop
        self._name = name
        self._idle: list[ThreadPoolExecutor] = []
        self._queue: SimpleQueue[tuple[Callable[[], Any], Done] | None] = SimpleQueue()
        # How many pieces of work are not over, and how many threads take them.
        self._open = self._taking = 0
        self._is_closed = False
        self._said_at = -_QUIET_SECONDS

    def run(self, work: Callable[[], Any], done: Done) -> None:
        """Run `work` in a thread, and call `done` at its end."""
        if self._is_closed:
            self._loop.call_soon(done, None, asyncio.CancelledError())
            return
        self._open += 1
        self._queue.put((work, done))
        self._employ()

    def start(self, work: Callable[[], R]) -> asyncio.Future[R]:
        """Run `work` in a thread; returns a future of its result."""
        future: asyncio.Future[R] = self._loop.create_future()
        self.run(work, partial(settle, future))
        return future

    def close(self) -> None:
        """Release the threads. A thread that hangs is left behind, and work that has not begun never begins."""
        self._is_closed = True
        with suppress(Empty):
            while waiting := self._queue.get_nowait():
                self._loop.call_soon(self._over, waiting[1], None, asyncio.CancelledError())
        for _ in range(self._taking):
            self._queue.put(None)
        for executor in self._idle:
            executor.shutdown(wait=False)

    def _employ(self) -> None:
        """Start another thread if there is more work than threads that take it, and the limit allows one."""
        if self._taking < min(self._open, self._most) and not self._is_closed:
            executor = self._idle.pop() if self._idle else ThreadPoolExecutor(1, f"{self._name}_{self._taking}")
            try:
                executor.submit(self._take, executor)
            except RuntimeError as error:
                self._do_without(error)
            else:
                self._taking += 1

    def _do_without(self, error: RuntimeError) -> None:
        """Go on although the system lets no further thread start. If there is no thread at all, the waiting work fails."""
        now = time.monotonic()
        if now - self._said_at >= _QUIET_SECONDS:
            self._said_at = now
            log.error(
                "cannot start another thread for %s, which has %d: %s: "
                "allow its user or container more processes and threads, or more memory",
                self._name,
                self._taking,
                error,
            )
        if not self._taking:
            with suppress(Empty):
                while waiting := self._queue.get_nowait():
                    self._loop.call_soon(self._over, waiting[1], None, Overloaded("the server cannot start another thread"))

    def _take(self, executor: ThreadPoolExecutor) -> None:
        """Runs in a thread: take work until none has come for a while."""
        with suppress(Empty):
            while waiting := self._queue.get(timeout=_IDLE_SECONDS):
                self._do(*waiting)
                # Otherwise this variable would keep finished work in memory until more comes.
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
        """Note that a thread takes no more work. Work that came in the moment in which it gave up waiting is left to another thread."""
        self._taking -= 1
        if self._is_closed:
            executor.shutdown(wait=False)
        else:
            self._idle.append(executor)
        if not self._queue.empty():
            self._employ()


class Outcome(asyncio.Future[R]):
    """The result of work that nobody can stop: a task that is cancelled while it waits for it goes on waiting."""

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
        # Before Python 3.12 a future does not accept one, and whoever waits for it would wait for ever.
        stopped = RuntimeError("work raised StopIteration")
        stopped.__cause__ = error
        future.set_exception(stopped)
    else:
        future.set_exception(error)

"""Calls that hold the interpreter: as long as native code keeps its lock, nothing else in the process runs, and no request is answered.

Python code gives the lock up every few milliseconds, and most libraries do so while they compute. If one does not, it can only be reported.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger("bento.serving")

_LOOK_SECONDS = 0.05
_LONG_SECONDS = 0.25
# On a busy machine, a call may get a processor for only this part of the time in which it holds the interpreter.
_PART = 0.2


class HoldingWatch:
    """Checks, while calls of an api run in threads, whether the event loop is late, and warns once if it was held up for long."""

    def __init__(self, api: str, loop: asyncio.AbstractEventLoop) -> None:
        self._api = api
        self._loop = loop
        self._running = 0
        self._looks = self._told = False
        self._due = self._others = self._own = 0.0

    def begun(self) -> None:
        """A call goes to its thread."""
        self._running += 1
        if not (self._looks or self._told):
            self._looks = True
            self._look_again()

    def done(self) -> None:
        """A call is back."""
        self._running -= 1

    def _look_again(self) -> None:
        self._own = time.thread_time()
        self._others = time.process_time() - self._own
        self._due = self._loop.time() + _LOOK_SECONDS
        self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        late = self._loop.time() - self._due
        if late > _LONG_SECONDS and self._was_held(late):
            self._tell(late)
        elif self._running:
            self._look_again()
            return
        self._looks = False

    def _was_held(self, seconds: float) -> bool:
        """Whether other threads have computed meanwhile, and this one has not. Being late proves nothing: a stopped process is late as
        well."""
        own = time.thread_time()
        others = time.process_time() - own
        return others - self._others > _PART * seconds > own - self._own

    def _tell(self, seconds: float) -> None:
        self._told = True
        log.warning(
            "a call of %s held the interpreter for %.1f s, and nothing was answered meanwhile, not even /livez: "
            "with --workers 2 or more, the others still answer",
            self._api,
            seconds,
        )

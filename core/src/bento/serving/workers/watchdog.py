"""A watchdog: it ends a process whose stop takes too long, whatever its main thread does."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from .signals import Impatience

_SAYING = 1.0
_AGAIN = 1.0


class Watchdog:
    """Ends this process with status 1 if it has not stopped `seconds` after a signal, or soon after a second one.

    The main thread may be held up, as in a write to a pipe that nobody reads any more. Before the process ends, `kill` does what has to be
    done, and `say` is told why it ends; `say` may be held up as well, so it gets a second.
    """

    def __init__(self, seconds: float, say: Callable[[str], None], kill: Callable[[], object] = lambda: None) -> None:
        self._seconds = seconds
        self._say = say
        self._kill = kill
        self._impatience = Impatience()
        self._is_over = threading.Event()
        self._noted: set[bool] = set()

    def listen(self, number: int) -> None:
        """Hear of a signal from its handler, before the handler that is there already: an event loop hears of it only in its next turn."""
        heard = signal.getsignal(number)

        def handler(number: int, frame: FrameType | None) -> None:
            self.note(number)
            if callable(heard):
                heard(number, frame)

        signal.signal(number, handler)

    def note(self, number: int) -> None:
        """Take note that a signal says stop. A signal handler may call this."""
        again = self._impatience.note()
        if again not in self._noted:
            self._noted.add(again)
            why = f"{signal.Signals(number).name} came again" if again else "the stop takes too long"
            self._watch(_AGAIN if again else self._seconds, why)

    def stop(self) -> None:
        """Stand down, because what was to stop has stopped, and the process may go on."""
        self._is_over.set()

    def _watch(self, seconds: float, why: str) -> None:
        # Not a `Thread`, because the start of one takes a lock that the interrupted thread may hold. If no further thread can be started,
        # the main thread stops as well as it can.
        with contextlib.suppress(RuntimeError):
            _thread.start_new_thread(self._run, (seconds, why))

    def _run(self, seconds: float, why: str) -> None:
        if self._is_over.wait(seconds):
            return
        try:
            self._kill()
            is_said = _thread.allocate_lock()
            is_said.acquire()
            _thread.start_new_thread(self._tell, (why, is_said))
            is_said.acquire(timeout=_SAYING)
        finally:
            os._exit(1)

    def _tell(self, why: str, is_said: _thread.LockType) -> None:
        try:
            self._say(why)
        finally:
            is_said.release()

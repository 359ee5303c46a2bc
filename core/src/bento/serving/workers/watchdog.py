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
    """Has this process end with status 1 where it has not stopped `seconds` after a signal, or soon after another.

    The main thread may be held up in a write to a pipe that nobody reads any more. So may `say`, which is told why the process ends;
    what has to be done before it does, `kill` does.
    """

    def __init__(self, seconds: float, say: Callable[[str], None], kill: Callable[[], object] = lambda: None) -> None:
        self._seconds = seconds
        self._say = say
        self._kill = kill
        self._impatience = Impatience()
        self._is_over = threading.Event()
        self._noted: set[bool] = set()

    def listen(self, number: int) -> None:
        """Be told of a signal by its handler, before whoever else is: a loop hears of it only when it goes on."""
        heard = signal.getsignal(number)

        def handler(number: int, frame: FrameType | None) -> None:
            self.note(number)
            if callable(heard):
                heard(number, frame)

        signal.signal(number, handler)

    def note(self, number: int) -> None:
        """A signal says stop; this may be called by its handler."""
        again = self._impatience.note()
        if again not in self._noted:
            self._noted.add(again)
            why = f"{signal.Signals(number).name} came again" if again else "the stop takes too long"
            self._watch(_AGAIN if again else self._seconds, why)

    def stop(self) -> None:
        """What was to stop has stopped, and the process may go on."""
        self._is_over.set()

    def _watch(self, seconds: float, why: str) -> None:
        # Not a `Thread`, which takes a lock at its start that the thread that a handler interrupts may hold.
        # Where no further thread can be started, the main thread stops as well as it can.
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

"""Where calls of an api run: on the event loop when they are cheap, in a thread when they are not. Measured, never configured.

A hop to a thread and back costs 21 to 35 microseconds, as much as a small model; a call of many milliseconds on the loop makes all other
requests wait. An api starts in a thread, because nothing is known about it yet. What counts is processor time: time by the clock includes
waits for the interpreter's lock, or for a processor that others were using. An api whose calls use little is tried on the loop. It goes
back to a thread when they use more, or when call after call waits for something else. Each such failure doubles the time until the next
try.

While a thread computes in Python, every callback of the loop may wait 5 milliseconds for the interpreter's lock, so calls of about that
length do no more harm on the loop than in a thread. They even win: between two of them the loop takes in everything that has come, so the
clients that were just answered are in the next batch without a wait for them, such as `returning` adds for calls in a thread.
"""

from __future__ import annotations

_CHEAP_SECONDS = 0.004
_SLOW_SECONDS = 0.008
_WAITING_SECONDS = 0.01
_LONG_WAIT_SECONDS = 0.1
_MOST_WAITS = 3
_WEIGHT = 0.2
_FIRST_TRY = 5
_LAST_TRY = 1 << 16


class Placement:
    """A moving average of the processor seconds that calls use, what they wait, and the choice that follows from both."""

    __slots__ = ("_least_wait", "_patience", "_processor_seconds", "_since_choice", "_waits", "inline")

    def __init__(self) -> None:
        self.inline = False
        self._processor_seconds = 0.0
        self._least_wait = _WAITING_SECONDS
        self._waits = 0
        self._since_choice = 0
        self._patience = _FIRST_TRY

    def observe(self, seconds: float, processor_seconds: float) -> None:
        """Take in one call's time by the clock and by its thread's processor time."""
        self._processor_seconds += (_WEIGHT if self._processor_seconds else 1.0) * (processor_seconds - self._processor_seconds)
        wait = seconds - processor_seconds
        self._least_wait = min(self._least_wait, wait)
        self._waits = self._waits + 1 if wait > _WAITING_SECONDS else 0
        self._since_choice += 1
        if self.inline:
            self._leave_if_slow(wait)
        elif self._since_choice >= self._patience:
            self._try_if_cheap()

    def _leave_if_slow(self, wait: float) -> None:
        """Go back to a thread if calls are slow. One wait may be due to a busy machine; several in a row, or a very long one, are due to
        the call."""
        if self._processor_seconds > _SLOW_SECONDS or self._waits >= _MOST_WAITS or wait > _LONG_WAIT_SECONDS:
            self.inline = False
            self._patience = min(2 * self._patience, _LAST_TRY)
            self._choose_anew()

    def _try_if_cheap(self) -> None:
        """Try the loop if calls are cheap. If every call has waited for something, they stay in a thread, where that harms nobody."""
        self.inline = self._processor_seconds < _CHEAP_SECONDS and self._least_wait < _WAITING_SECONDS
        self._choose_anew()

    def _choose_anew(self) -> None:
        self._since_choice = self._waits = 0
        self._least_wait = _WAITING_SECONDS

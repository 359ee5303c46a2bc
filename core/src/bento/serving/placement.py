"""Where calls of an api run: on the event loop when they are cheap, in a thread when they are not. Measured, never configured.

A hop to a thread and back costs 54 to 73 microseconds, more than a small model; a call of milliseconds on the loop makes
everybody else wait. An api starts in a thread, for nothing is known of it. There, the clock says little: a call may have waited
for the interpreter's lock. So a call that uses little processor time is tried on the loop, where the clock tells, and goes back
to its thread when it turns out to be slow; each such disappointment doubles the time until the next try.
"""

from __future__ import annotations

_CHEAP_SECONDS = 0.001
_SLOW_SECONDS = 0.002
_WAITING_SECONDS = 0.01
_WEIGHT = 0.2
_FIRST_TRY = 5
_LAST_TRY = 1 << 16


class Placement:
    """Moving averages of what calls take, in seconds, and the choice that follows from them."""

    __slots__ = ("_patience", "_processor_seconds", "_quickest", "_since_choice", "inline", "is_measured", "seconds")

    def __init__(self) -> None:
        self.inline = False
        self.is_measured = False
        self.seconds = 0.0
        self._processor_seconds = 0.0
        self._quickest = _WAITING_SECONDS
        self._since_choice = 0
        self._patience = _FIRST_TRY

    def observe(self, seconds: float, processor_seconds: float) -> None:
        """Take in one call's time by the clock and by its thread's processor time."""
        weight = _WEIGHT if self.is_measured else 1.0
        self.is_measured = True
        self.seconds += weight * (seconds - self.seconds)
        self._processor_seconds += weight * (processor_seconds - self._processor_seconds)
        self._quickest = min(self._quickest, seconds)
        self._since_choice += 1
        if self.inline:
            self._leave_if_slow(seconds)
        elif self._since_choice >= self._patience:
            self._try_if_cheap()

    def _leave_if_slow(self, seconds: float) -> None:
        """One call that is slow by far, or a slow average, is enough."""
        if self.seconds > _SLOW_SECONDS or seconds > _WAITING_SECONDS:
            self.inline = False
            self._patience = min(2 * self._patience, _LAST_TRY)
            self._choose_anew()

    def _try_if_cheap(self) -> None:
        """A call that never took less than some milliseconds waits for something: it stays where that hurts nobody."""
        if self._processor_seconds < _CHEAP_SECONDS and self._quickest < _WAITING_SECONDS:
            self.inline = True
            self.seconds = self._processor_seconds
        self._choose_anew()

    def _choose_anew(self) -> None:
        self._since_choice = 0
        self._quickest = _WAITING_SECONDS

"""Where calls of an api run: on the event loop when they are cheap, in a thread when they are not. Measured, never configured.

A hop to a thread and back costs 54 to 73 microseconds, more than a small model; a call of a millisecond on the loop makes
everybody else wait. An api starts in a thread, for nothing is known of it, and moves with hysteresis so that it does not flap.
"""

from __future__ import annotations

_INLINE_BELOW = 0.0005
_THREAD_ABOVE = 0.001
_WEIGHT = 0.2
_ENOUGH = 5


class Placement:
    """A moving average of how long calls take, in seconds, and the choice that follows from it."""

    __slots__ = ("_seen", "inline", "seconds")

    def __init__(self) -> None:
        self.inline = False
        self.seconds = 0.0
        self._seen = 0

    def observe(self, seconds: float) -> None:
        """Take in one call's time; one that takes long moves the next calls off the loop at once."""
        self.seconds = seconds if not self._seen else self.seconds + _WEIGHT * (seconds - self.seconds)
        self._seen += 1
        if self._seen >= _ENOUGH and self.seconds < _INLINE_BELOW:
            self.inline = True
        elif max(self.seconds, seconds) > _THREAD_ABOVE:
            self.inline = False

    @property
    def is_measured(self) -> bool:
        return self._seen > 0

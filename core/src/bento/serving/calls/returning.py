"""Clients that ask again as soon as they are answered: whether the next call should wait for them. Measured, never configured.

While a call runs in a thread, other requests come. If the next call began with these at once, the clients that were just answered would
miss it, and two groups would take turns from then on. If a call takes as long for 1 row as for 64, as with a forest or on a GPU, each
client then waits for two calls instead of one. Waiting until they have asked again costs a moment in which nothing is computed.

Suppose that of `n` clients the share `f` comes back within the wait `w`. Then each call answers `n / (2 - f)` instead of `n / 2`. With `a`
for the seconds of a call that do not depend on its rows, that is more per second as long as `f * a > (2 - f) * w`. `a` is the intercept of
a line through the seconds that calls took, by their rows. If it does not pay, each failure doubles the time until the next try.
"""

from __future__ import annotations

import math

_FEWEST = 4
"""With fewer clients, one call too many hardly matters."""
_LONGEST_WAIT_SECONDS = 0.005
_LEAST_FIXED_SECONDS = 0.002
_WEIGHT = 0.1
_WEIGHT_OF_WAITS = 0.2
_FEWEST_WAITS = 4
_FIRST_TRY = 4
_LAST_TRY = 512
"""The longest pause between two tries, so that fewer than one call in a hundred waits in vain."""
_DISTINCT = 0.05
"""How far numbers of rows must spread, as a share of their mean, to show what a row costs."""


class Returning:
    """The fixed cost of calls, how many of the clients just answered come back in time, and the wait that follows from both."""

    def __init__(self) -> None:
        self._intercept = math.inf
        self._rows = self._seconds = self._variance = self._covariance = 0.0
        self._share = self._wait = 0.0
        self._waits = 0
        self._patience = self._left = _FIRST_TRY
        self._answered = self._missing = 0
        self._since = 0.0

    def observe(self, rows: int, seconds: float) -> None:
        """Take in one call: it updates a line by least squares, in which older calls fade."""
        weight = _WEIGHT if self._rows else 1.0
        more_rows, more_seconds = rows - self._rows, seconds - self._seconds
        self._rows += weight * more_rows
        self._seconds += weight * more_seconds
        self._variance = (1 - weight) * (self._variance + weight * more_rows * more_rows)
        self._covariance = (1 - weight) * (self._covariance + weight * more_rows * more_seconds)
        if self._variance > (_DISTINCT * self._rows) ** 2:
            slope = max(0.0, self._covariance / self._variance)
            self._intercept = max(0.0, self._seconds - slope * self._rows)

    @property
    def fixed_seconds(self) -> float:
        """The seconds of a call that do not depend on its rows; all of them, until calls of different sizes have shown what a row costs."""
        return min(self._intercept, self._seconds)

    @property
    def is_waited_for(self) -> bool:
        """Whether the next call waits for clients."""
        return self._answered > 0

    def begin(self, answered: int, now: float) -> float:
        """How many seconds at most the next call should wait for so many clients that were just answered; 0 for not at all."""
        if answered < _FEWEST or self.fixed_seconds < _LEAST_FIXED_SECONDS:
            return 0.0
        if self._left > 0:
            self._left -= 1
            return 0.0
        self._answered = self._missing = answered
        self._since = now
        return min(self.fixed_seconds / 2, _LONGEST_WAIT_SECONDS)

    def awaits_more(self, came: int) -> bool:
        """Take in that so many calls have come; returns whether to wait on for others."""
        if not self._answered:
            return False
        self._missing -= came
        return self._missing > 0

    def end(self, now: float) -> None:
        """A call begins: learn from the wait before it, if there was one."""
        if not self._answered:
            return
        self._waits += 1
        weight = max(_WEIGHT_OF_WAITS, 1 / self._waits)
        self._share += weight * (1 - max(0, self._missing) / self._answered - self._share)
        self._wait += weight * (now - self._since - self._wait)
        self._answered = 0
        if self._waits >= _FEWEST_WAITS:
            self._judge()

    def _judge(self) -> None:
        if self._share * self.fixed_seconds > (2 - self._share) * self._wait:
            self._patience = _FIRST_TRY
        else:
            self._waits = 0
            self._patience = min(2 * self._patience, _LAST_TRY)
            self._left = self._patience

"""Clients that ask again as soon as they are answered: whether the next call should wait for them. Measured, never configured.

While a call runs beside the loop, others come. If the next call began with them at once, those who have just been answered would miss
it, and two groups would take turns from then on: where a call takes as long for 1 row as for 64, as that of a forest or of a GPU does,
each client waits for two calls instead of one. To wait until they have asked again costs a moment in which nothing is computed.

Of `n` clients of whom the share `f` comes back within the wait `w`, each call then answers `n / (2 - f)` instead of `n / 2`. With `a`
for the seconds of a call that do not depend on its rows, that is more in a second as long as `f * a > (2 - f) * w`. `a` is where a line
through what calls took, by their rows, would begin. Where it does not pay, each disappointment doubles the time until the next try.
"""

from __future__ import annotations

import math

_FEWEST = 4
"""Of fewer clients, a call that is one too many hardly matters."""
_LONGEST_WAIT_SECONDS = 0.005
_LEAST_FIXED_SECONDS = 0.002
_WEIGHT = 0.1
_WEIGHT_OF_WAITS = 0.2
_FEWEST_WAITS = 4
_FIRST_TRY = 4
_LAST_TRY = 512
"""So that fewer than one call in a hundred waits in vain."""
_DISTINCT = 0.05
"""How far numbers of rows must spread, as a share of their mean, to say what a row costs."""


class Returning:
    """What calls cost apart from their rows, how many of those answered come back in time, and the wait that follows from both."""

    def __init__(self) -> None:
        self._intercept = math.inf
        self._rows = self._seconds = self._variance = self._covariance = 0.0
        self._share = self._wait = 0.0
        self._waits = 0
        self._patience = self._left = _FIRST_TRY
        self._answered = self._missing = 0
        self._since = 0.0

    def observe(self, rows: int, seconds: float) -> None:
        """Take in one call: a line by least squares, in which older calls fade."""
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
        """What a call takes however many rows it has; all of it, until calls of different sizes have shown what a row costs."""
        return min(self._intercept, self._seconds)

    @property
    def is_waited_for(self) -> bool:
        """Whether the next call waits for clients."""
        return self._answered > 0

    def begin(self, answered: int, now: float) -> float:
        """So many were answered just now: for how many seconds at most the next call should wait for them, 0 for not at all."""
        if answered < _FEWEST or self.fixed_seconds < _LEAST_FIXED_SECONDS:
            return 0.0
        if self._left > 0:
            self._left -= 1
            return 0.0
        self._answered = self._missing = answered
        self._since = now
        return min(self.fixed_seconds / 2, _LONGEST_WAIT_SECONDS)

    def awaits_more(self, came: int) -> bool:
        """So many calls have come: whether to wait on for others."""
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

"""The recess: a client that was refused because there is too much to do is not heard again at once.

A client that asks again as soon as it is refused is refused again, and three hundred such clients use up the processor time that all other
answers need. So its connection rests for some hundredths of a second. Its retries lose nothing, because a refusal says to come back in
seconds. Resting connections are woken one after another, never all in one tick.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Protocol

_STEP_SECONDS = 0.01
_STEPS = 5


class Resting(Protocol):
    """A connection, as the recess sees it."""

    rests: bool

    def wake(self) -> None:
        """Go on."""


class Recess:
    """Connections that rest, those that have rested longest first. Each step wakes a fifth of them, so that a rest takes 50 milliseconds if
    as many come as go."""

    def __init__(self) -> None:
        self._resting: deque[Resting] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connections: Iterable[Resting]) -> None:
        for connection in connections:
            if not connection.rests:
                connection.rests = True
                self._resting.append(connection)
        if self._timer is None and self._resting:
            self._schedule()

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_STEP_SECONDS, self._wake_some)

    def _wake_some(self) -> None:
        self._timer = None
        try:
            for _ in range(-(-len(self._resting) // _STEPS)):
                self._resting.popleft().wake()
        finally:
            # If one cannot go on, the others must not rest for ever.
            if self._resting and self._timer is None:
                self._schedule()

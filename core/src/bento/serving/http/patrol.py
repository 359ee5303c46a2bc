"""The patrol: one timer that looks at all connections of a server, so that requests need no timers of their own."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..calls.limits import Limits

_LONGEST_ROUND = 5.0
_ROUNDS = 4


class Watched(Protocol):
    """A connection, as the patrol sees it."""

    def look(self, now: float) -> None:
        """End the connection if its time is over; `now` comes from `time.monotonic()`."""


class Patrol:
    """Looks at each connection often enough to end it within a quarter more than its limit, and sleeps while there is none.

    If a round is late by a whole period, it is skipped: time in which the process could not read does not count against its clients.
    """

    def __init__(self, limits: Limits) -> None:
        shortest = min(limits.head_seconds, limits.idle_seconds, limits.keep_alive_seconds)
        self._round = min(_LONGEST_ROUND, shortest / _ROUNDS)
        self._watched: set[Watched] = set()
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: Watched) -> None:
        self._watched.add(connection)
        if self._timer is None:
            self._schedule()

    def discard(self, connection: Watched) -> None:
        self._watched.discard(connection)

    def _schedule(self) -> None:
        self._due = time.monotonic() + self._round
        self._timer = asyncio.get_running_loop().call_later(self._round, self._walk)

    def _walk(self) -> None:
        self._timer = None
        now = time.monotonic()
        # A process that was stopped has yet to read what came in the meantime.
        if now - self._due < self._round:
            for connection in tuple(self._watched):
                connection.look(now)
        if self._watched:
            self._schedule()

"""Deadlines: every open call of an api, and one timer for the earliest of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from ...compiled import compiled
from ...errors import DeadlineExceeded

if TYPE_CHECKING:
    import asyncio

    from .call import Call

# A look goes through all open calls. If thousands expire one after another, the next look waits this long, to find many at once.
_PAUSE_SECONDS = 0.02


@compiled
def allow(calls: Collection[Call], seconds: float) -> float:
    """Give each call its deadline; returns the earliest."""
    due = math.inf
    for call in calls:
        allowed = call.head.timeout
        # Not `min`, which would take as long as everything else here.
        call.deadline = deadline = call.received + (seconds if seconds < allowed else allowed)  # noqa: FURB136
        if deadline < due:  # noqa: PLR1730
            due = deadline
    return due


class Deadlines:
    """Settles calls whose time is over. Most calls are answered long before, so a call costs a place in a set and no timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, expire: Callable[[Call, DeadlineExceeded], None]) -> None:
        self._loop = loop
        self._expire = expire
        self._open: set[Call] = set()
        self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def add(self, calls: Collection[Call], seconds: float) -> None:
        """Allow each call so many seconds, or fewer if its client allows fewer."""
        due = allow(calls, seconds)
        self._open.update(calls)
        if due < self._due:
            self._schedule(due)

    def discard(self, calls: Collection[Call]) -> None:
        self._open.difference_update(calls)

    def __len__(self) -> int:
        return len(self._open)

    def _schedule(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = None if math.isinf(due) else self._loop.call_later(max(0.0, due - time.monotonic()), self._look)

    def _look(self) -> None:
        now = time.monotonic()
        late = [call for call in self._open if call.deadline <= now]
        for call in late:
            allowed = call.deadline - call.received
            self._open.discard(call)
            self._expire(call, DeadlineExceeded(f"there was no answer within {allowed:.3g} seconds"))
        self._schedule(max(now + _PAUSE_SECONDS, min((call.deadline for call in self._open), default=math.inf)))

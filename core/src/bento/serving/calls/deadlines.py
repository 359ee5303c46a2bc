"""Deadlines: every open call of an api, and one timer for the earliest of them."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from ...errors import DeadlineExceeded

if TYPE_CHECKING:
    import asyncio

    from .call import Call


class Deadlines:
    """Settles calls whose time is over. Most calls are answered long before, so a call costs a place in a set and no timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._open: set[Call] = set()
        self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def add(self, call: Call) -> None:
        self._open.add(call)
        if call.deadline < self._due:
            self._schedule(call.deadline)

    def discard(self, call: Call) -> None:
        self._open.discard(call)

    def __len__(self) -> int:
        return len(self._open)

    def _schedule(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = None if math.isinf(due) else self._loop.call_later(max(0.0, due - time.monotonic()), self._expire)

    def _expire(self) -> None:
        now = time.monotonic()
        late = [call for call in self._open if call.deadline <= now]
        for call in late:
            allowed = call.deadline - call.request.received
            call.settle(DeadlineExceeded(f"there was no answer within {allowed:.3g} seconds"))
        self._schedule(min((call.deadline for call in self._open), default=math.inf))

"""Timers for a process that waits for something else meanwhile, without an event loop."""

from __future__ import annotations

import time
from collections.abc import Callable


class Agenda:
    """Actions and when they are due."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, Callable[[], None]]] = []

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do `action` in so many seconds."""
        self._entries.append((time.monotonic() + seconds, action))

    def wait(self) -> float | None:
        """Seconds until the next action is due, None if there is none."""
        return max(0.0, min(due for due, _ in self._entries) - time.monotonic()) if self._entries else None

    def run_due(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        due = [entry for entry in self._entries if entry[0] <= now]
        self._entries = [entry for entry in self._entries if entry[0] > now]
        for _, action in sorted(due, key=lambda entry: entry[0]):
            action()

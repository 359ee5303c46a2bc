"""What the kernel knows about a socket before anybody reads from it."""

from __future__ import annotations

import select
from typing import Protocol


class _HasNumber(Protocol):
    def fileno(self) -> int: ...


def has_input(source: _HasNumber) -> bool:
    """Whether there is a connection to accept or data to read that nobody has taken yet."""
    waiting = select.poll()
    waiting.register(source.fileno(), select.POLLIN)
    return bool(waiting.poll(0))

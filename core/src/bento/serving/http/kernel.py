"""What the kernel knows of a socket, and nobody has asked it for."""

from __future__ import annotations

import select
from typing import Protocol


class _HasNumber(Protocol):
    def fileno(self) -> int: ...


def has_input(source: _HasNumber) -> bool:
    """Whether there is something to accept or to read, and nobody has yet."""
    waiting = select.poll()
    waiting.register(source.fileno(), select.POLLIN)
    return bool(waiting.poll(0))

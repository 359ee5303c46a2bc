"""The crowd: notices when this process has as many files open as it may, because nobody ever hears of the connections beyond that.

libuv closes such a connection as soon as it is made. The kernel gives each file the lowest free number, so the connection with the highest
allowed number is the last one that is possible.
"""

from __future__ import annotations

import logging
import resource
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger("bento.serving")

_QUIET_SECONDS = 60.0


class Crowd:
    """Logs that no further connections are possible, once for as long as that lasts."""

    def __init__(self) -> None:
        self._said_at = -_QUIET_SECONDS

    def look(self, transport: asyncio.Transport) -> None:
        """Check whether a new connection is the last one that is possible."""
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if transport.get_extra_info("socket").fileno() != most - 1:
            return
        now = time.monotonic()
        if now - self._said_at >= _QUIET_SECONDS:
            log.warning(
                "%d files are open, which is the limit: further connections are closed unanswered until some end - "
                "raise the hard limit of open files, or start more workers",
                most,
            )
        self._said_at = now

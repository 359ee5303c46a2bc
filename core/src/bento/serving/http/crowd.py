"""The crowd: whether there are as many connections as this process may have files open, for of those beyond nobody ever hears.

libuv closes such a connection as soon as it is made. The kernel gives each file the lowest number that is free, so a connection that has
the last one is the last that there can be.
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
    """Says in the log that there are no further connections, once for as long as that goes on."""

    def __init__(self) -> None:
        self._said_at = -_QUIET_SECONDS

    def look(self, transport: asyncio.Transport) -> None:
        """See whether a new connection is the last that there can be."""
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if transport.get_extra_info("socket").fileno() != most - 1:
            return
        now = time.monotonic()
        if now - self._said_at >= _QUIET_SECONDS:
            log.warning(
                "%d files are open, as many as may be: further connections are closed unanswered until some end - "
                "raise the hard limit of open files, or start more workers",
                most,
            )
        self._said_at = now

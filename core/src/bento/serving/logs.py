"""Logs: a line for each request, and each fault's traceback once.

The access log is written in one go for all requests of a tick; a line holds no body, no header and no query.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from ..compiled import compiled

if TYPE_CHECKING:
    from .calls.call import Call

log = logging.getLogger("bento.serving")

_QUIET_SECONDS = 10.0


class AccessLog:
    """Lines such as `2026-11-23T20:15:04Z POST /predict 200 1.3ms 4f1c...`, a line for each request."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._is_written = True

    def write(self, method: str, path: str, status: int, seconds: float, request_id: str) -> None:
        """One request that is over after so many seconds."""
        self._add([f" {method} {path} {status} {seconds * 1000:.1f}ms {request_id}\n"])

    def write_all(self, method: str, path: str, status: int, calls: Sequence[Call]) -> None:
        """Requests to one api that are over now."""
        self._add(lines_of(calls, time.monotonic(), f" {method} {path} {status} "))

    def _add(self, lines: list[str]) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines += lines

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        try:
            self._stream.write(stamp + stamp.join(lines))
            self._stream.flush()
        except OSError as error:
            if self._is_written:
                log.warning("the access log cannot be written, and goes on when it can: %s", error.strerror)
            self._is_written = False
        else:
            if not self._is_written:
                log.warning("the access log is written again")
            self._is_written = True


@compiled
def lines_of(calls: Sequence[Call], now: float, before: str) -> list[str]:
    """A line for each call that is over now, after what they have in common."""
    return [f"{before}{(now - call.received) * 1000:.1f}ms {call.request_id}\n" for call in calls]


class FaultLog:
    """Tracebacks of the service's own faults: whole the first time, one line while the same fault goes on."""

    def __init__(self) -> None:
        self._seen: dict[tuple[type[BaseException], int], float] = {}

    def write(self, api: str, request_id: str, error: BaseException) -> None:
        now = time.monotonic()
        place = (type(error), _last_line(error))
        whole = now - self._seen.get(place, -_QUIET_SECONDS) >= _QUIET_SECONDS
        if whole:
            self._seen = {other: seen for other, seen in self._seen.items() if now - seen < _QUIET_SECONDS}
            self._seen[place] = now
        log.error("%s failed for request %s: %s: %s", api, request_id, type(error).__name__, error, exc_info=error if whole else None)


def _last_line(error: BaseException) -> int:
    """Where an error was raised, as a number to tell faults apart by."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return hash((trace.tb_frame.f_code, trace.tb_lineno)) if trace is not None else 0

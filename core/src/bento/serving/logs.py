"""Logs: a line for each request, and each fault's traceback once.

The access log is written together for all requests that end in one turn of the event loop. A line holds no body, no header and no query.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, TextIO

from ..compiled import compiled
from ..plain import cropped
from .pipe import Pipe, unwaiting

if TYPE_CHECKING:
    from .calls.call import Call

log = logging.getLogger("bento.serving")

_QUIET_SECONDS = 10.0
# The kernel writes this many lines as a whole, so that the lines of two workers are never mixed. Source: pipe(7), PIPE_BUF.
_TOGETHER = 24


class AccessLog:
    """Lines such as `2026-11-23T20:15:04Z POST /predict 200 1.3ms 4f1c...`, a line for each request."""

    stamp: ClassVar = "%Y-%m-%dT%H:%M:%SZ"
    """The beginning of a line, as a format for the time."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = unwaiting(stream)
        self._lines: list[str] = []
        self._second = -1
        self._stamp = ""
        self._is_written = True

    def write(self, method: str, path: str, status: int, seconds: float, request_id: str) -> None:
        """Log one request that took so many seconds."""
        self._add([f" {method} {path} {status} {seconds * 1000:.1f}ms {request_id}\n"])

    def write_all(self, method: str, path: str, status: int, calls: Sequence[Call]) -> None:
        """Log requests to one api that are over now."""
        self._add(lines_of(calls, time.monotonic(), f" {method} {path} {status} "))

    async def finish(self) -> None:
        """Write the lines that are left, waiting for the reader of a pipe. Later lines wait for the reader as well."""
        await asyncio.sleep(0)
        if isinstance(self._stream, Pipe):
            self._stream = self._stream.finish()

    def _add(self, lines: list[str]) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines += lines

    def _stamp_now(self) -> str:
        """The beginning of a line in this second."""
        second = int(time.time())
        if second != self._second:
            self._second, self._stamp = second, time.strftime(self.stamp, time.gmtime(second))
        return self._stamp

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        stamp = self._stamp_now()
        try:
            for place in range(0, len(lines), _TOGETHER):
                self._stream.write(stamp + stamp.join(lines[place : place + _TOGETHER]))
                self._stream.flush()
        except OSError as error:
            if self._is_written:
                log.warning("the access log cannot be written, and goes on when it can be: %s", error.strerror)
            self._is_written = False
        else:
            if not self._is_written:
                log.warning("the access log is written again")
            self._is_written = True


@compiled
def lines_of(calls: Sequence[Call], now: float, before: str) -> list[str]:
    """A line for each call, which is over now; `before` is what the lines have in common."""
    return [f"{before}{(now - call.received) * 1000:.1f}ms {call.request_id}\n" for call in calls]


class JsonAccessLog(AccessLog):
    """The access log as a JSON object on each line, for programs that collect logs."""

    stamp = '{"time":"%Y-%m-%dT%H:%M:%SZ"'

    def write(self, method: str, path: str, status: int, seconds: float, request_id: str) -> None:
        self._add([_object_of(_before(method, path, status), seconds, request_id)])

    def write_all(self, method: str, path: str, status: int, calls: Sequence[Call]) -> None:
        now, before = time.monotonic(), _before(method, path, status)
        self._add([_object_of(before, now - call.received, call.request_id) for call in calls])


def _before(method: str, path: str, status: int) -> str:
    return f',"method":{json.dumps(method)},"path":{json.dumps(path)},"status":{status}'


def _object_of(before: str, seconds: float, request_id: str) -> str:
    return f'{before},"seconds":{seconds:.6f},"request_id":{json.dumps(request_id)}}}\n'


class JsonFormatter(logging.Formatter):
    """Formats a log record as a JSON object on one line: `time`, `level`, `logger`, `process` and `message`.

    An error also has `traceback`. A record about a request also has `request_id` and `api`, the name of the api or the path of the page.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": cropped(record.getMessage()),
        }
        fields |= {name: vars(record)[name] for name in ("api", "request_id") if name in vars(record)}
        if record.exc_info:
            fields["traceback"] = cropped(self.formatException(record.exc_info))
        return json.dumps(fields, separators=(",", ":"))


class FaultLog:
    """Logs the service's own faults: the first time with the whole traceback, then on one line while the same fault goes on."""

    def __init__(self) -> None:
        self._seen: dict[tuple[type[BaseException], int], float] = {}

    def write(self, api: str, request_id: str, error: BaseException) -> None:
        now = time.monotonic()
        place = (type(error), _last_line(error))
        whole = now - self._seen.get(place, -_QUIET_SECONDS) >= _QUIET_SECONDS
        if whole:
            self._seen = {other: seen for other, seen in self._seen.items() if now - seen < _QUIET_SECONDS}
            self._seen[place] = now
        log.error(
            "%s failed for request %s: %s: %s",
            api,
            request_id,
            type(error).__name__,
            error,
            exc_info=error if whole else None,
            extra={"api": api, "request_id": request_id},
        )


def _last_line(error: BaseException) -> int:
    """A number for the line where an error was raised, to tell faults apart."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return hash((trace.tb_frame.f_code, trace.tb_lineno)) if trace is not None else 0

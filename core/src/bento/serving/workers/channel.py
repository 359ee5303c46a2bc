"""What a supervisor and the processes of one generation tell each other, over a pair of sockets that keep messages whole."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

LISTEN_NO_MORE = -1
"""Sent in place of a worker's place: the template is to let go of the listening socket."""

_LONGEST = 100_000


class Kind(Enum):
    """What a report is about."""

    LOADED = "loaded"
    FORKED = "forked"
    READY = "ready"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the process `pid`, which loads, or is the worker of `place`; `pid` is 0 if it could not be started."""

    kind: Kind
    pid: int
    place: int
    text: str = ""

    def to_bytes(self) -> bytes:
        return f"{self.kind.value} {self.pid} {self.place} {self.text}".encode(errors="replace")[:_LONGEST]

    @classmethod
    def of(cls, message: bytes) -> Report:
        kind, pid, place, text = message.decode(errors="replace").split(" ", 3)
        return cls(Kind(kind), int(pid), int(place), text)


class Channel:
    """One end: reports go up to the supervisor, places that need a worker come down to the template."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """The supervisor's end, and the other, which all processes of a generation share."""
        above, below = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(above), cls(below)

    def fileno(self) -> int:
        return self._end.fileno()

    def close(self) -> None:
        self._end.close()

    def report(self, report: Report) -> None:
        """Tell the supervisor."""
        self._send(report.to_bytes())

    def reports(self) -> Iterator[Report]:
        """The reports that were not read yet, one after another, until this end is closed."""
        with contextlib.suppress(BlockingIOError):
            while self._end.fileno() >= 0 and (message := self._end.recv(_LONGEST, socket.MSG_DONTWAIT)):
                yield Report.of(message)

    def ask(self, place: int) -> None:
        """Ask the template for a worker."""
        self._send(str(place).encode())

    def places(self) -> Iterator[int | None]:
        """The places that were asked for since the last call; None once the supervisor has closed its end."""
        with contextlib.suppress(BlockingIOError):
            while message := self._end.recv(64, socket.MSG_DONTWAIT):
                yield int(message)
            yield None

    def _send(self, message: bytes) -> None:
        # The other end may be gone, which both sides notice by other means.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._end.send(message)

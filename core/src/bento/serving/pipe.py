"""A pipe that is written to without waiting, so that requests are answered even while nobody reads the log."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import stat
from collections import deque
from typing import Final, TextIO

log = logging.getLogger("bento.serving")

_MOST: Final = 1 << 20


class Pipe:
    """Keeps lines for which the pipe has no room, in order, up to a mebibyte. Lines beyond that are lost; the log says how many.

    `stream` writes to the same pipe. `descriptor` has to be opened separately, because making a shared one non-blocking would affect
    everybody who has the pipe.
    """

    def __init__(self, stream: TextIO, descriptor: int) -> None:
        self._stream = stream
        self._encoding, self._errors = stream.encoding, stream.errors or "strict"
        self._descriptor = descriptor
        self._kept: deque[bytes] = deque()
        self._size = 0
        self._lost = 0

    def write(self, text: str) -> None:
        """Write whole lines, or keep them until there is room. If nobody can read the pipe any more, it is an OSError."""
        data = text.encode(self._encoding, self._errors)
        if not self._kept:
            # What a service has printed comes first.
            self._stream.flush()
            data = data[self._push(data) :]
            if data:
                self._keep(data)
                asyncio.get_running_loop().add_writer(self._descriptor, self._go_on)
        elif self._size + len(data) <= _MOST:
            self._keep(data)
        else:
            self._lost += data.count(b"\n")

    def flush(self) -> None:
        """Do nothing: only lines for which there is no room are buffered."""

    def finish(self) -> TextIO:
        """Write what is kept, waiting for the reader; returns the stream, which later lines have to be written to."""
        os.set_blocking(self._descriptor, True)
        while self._kept:
            self._go_on()
        os.close(self._descriptor)
        return self._stream

    def _go_on(self) -> None:
        try:
            while self._kept:
                done = self._push(self._kept[0])
                self._size -= done
                if done < len(self._kept[0]):
                    self._kept[0] = self._kept[0][done:]
                    return
                self._kept.popleft()
        except OSError:
            # Nobody can read the pipe any more, as the next write will find out.
            self._lost += sum(data.count(b"\n") for data in self._kept)
            self._kept.clear()
            self._size = 0
        asyncio.get_running_loop().remove_writer(self._descriptor)
        if self._lost:
            log.warning("%d lines of the access log were lost, because nobody read them", self._lost)
            self._lost = 0

    def _keep(self, data: bytes) -> None:
        self._kept.append(data)
        self._size += len(data)

    def _push(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0


def unwaiting(stream: TextIO) -> TextIO | Pipe:
    """The stream, or a `Pipe` in its place if it is a pipe that can be opened a second time."""
    # The stream may not be a file, as in a notebook, may be closed, or may belong to another user.
    with contextlib.suppress(AttributeError, OSError, ValueError):
        number = stream.fileno()
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            return Pipe(stream, os.open(f"/proc/self/fd/{number}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    return stream

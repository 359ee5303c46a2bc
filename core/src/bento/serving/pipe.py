"""A pipe that is written to without waiting: requests are answered, though whoever reads the log stands still."""

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
    """Lines for which the reader leaves no room are kept, in order, up to a mebibyte; the log says how many beyond that were lost.

    `stream` writes to the same pipe. `descriptor` has to be opened separately: not to wait would else hold for everybody who has the pipe.
    """

    def __init__(self, stream: TextIO, descriptor: int) -> None:
        self._stream = stream
        self._encoding, self._errors = stream.encoding, stream.errors or "strict"
        self._descriptor = descriptor
        self._kept: deque[bytes] = deque()
        self._size = 0
        self._lost = 0

    def write(self, text: str) -> None:
        """Write whole lines, or keep them until there is room; a pipe that nobody has open any more is an OSError."""
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
        """Nothing is buffered but what has to be kept."""

    def finish(self) -> TextIO:
        """Write what is kept, and wait for whoever reads it; returns the stream for what comes later."""
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
            # Nobody has it open any more, as the next line will find.
            self._lost += sum(data.count(b"\n") for data in self._kept)
            self._kept.clear()
            self._size = 0
        asyncio.get_running_loop().remove_writer(self._descriptor)
        if self._lost:
            log.warning("%d lines of the access log were lost, for nobody read them", self._lost)
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
    """The same stream, or its pipe without waiting, if it is one that can be opened once more."""
    # It may be no file, as in a notebook, or closed, or somebody else's.
    with contextlib.suppress(AttributeError, OSError, ValueError):
        number = stream.fileno()
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            return Pipe(stream, os.open(f"/proc/self/fd/{number}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    return stream

"""Signals as bytes on a socket, so that one process can wait for them and for other things at once."""

from __future__ import annotations

import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .forking import SIGNALS

_AT_ONCE = 0.2


class Impatience:
    """Tells a second signal from a first one that comes twice, as from `timeout`, or from a terminal and a script that passes it on."""

    def __init__(self) -> None:
        self._first = math.inf

    def note(self) -> bool:
        """Take note that a signal says stop; returns whether it is a second one."""
        now = time.monotonic()
        self._first = min(self._first, now)
        return now - self._first >= _AT_ONCE


def give_to_children(handlers: dict[signal.Signals, Any]) -> None:
    """Have every child that this process forks, as multiprocessing does for a service, begin with these signal handlers, until they are
    cleared.

    Otherwise a child would keep those of its parent. By the wakeup descriptor that they share, it would tell the parent of the SIGTERM that
    is to end the child, and live on. What a child forks itself begins as any process does.
    """
    held = threading.local()

    def hold() -> None:
        # No signal must reach the child before it has dropped its parent's signal handlers.
        held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, tuple(handlers))

    def release() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, held.mask)

    def begin() -> None:
        if handlers:
            signal.set_wakeup_fd(-1)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        # The registration is inherited by the child, whose own children must not be affected.
        handlers.clear()
        release()

    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=begin)


@contextmanager
def caught_signals(note: Callable[[int], None] = lambda _: None) -> Iterator[socket.socket]:
    """A socket from which every signal of SIGNALS can be read as a byte, its number. The former handlers are restored at the end.

    The handler of a signal also calls `note`, even while the main thread is held up. SIGHUP stays ignored if it was, as under nohup.
    Signals that were blocked, as by the process that started this one, are unblocked meanwhile; those that came before are read first.
    """
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    numbers = [number for number in SIGNALS if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, lambda number, _: note(number)) for number in numbers}
    wakeup = signal.set_wakeup_fd(writer.fileno())
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    try:
        yield reader
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        reader.close()
        writer.close()


def read_signals(caught: socket.socket) -> bytes:
    """The numbers of the signals that have come and were not read yet."""
    try:
        return caught.recv(4096)
    except BlockingIOError:
        return b""

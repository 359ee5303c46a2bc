"""The signals that stop a server, and how to hold them back until they can be handled."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

STOPS: Final = frozenset({signal.SIGINT, signal.SIGTERM})
"""The signals that stop any server."""


def stops(*, is_one: bool = True) -> frozenset[signal.Signals]:
    """The signals that stop a server. SIGHUP is among them for a single process; with several, it replaces the workers."""
    # Under nohup, SIGHUP is ignored, so that the server outlives its terminal.
    hangs_up = is_one and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return STOPS | ({signal.SIGHUP} if hangs_up else set())


@contextmanager
def held_back() -> Iterator[None]:
    """Hold these signals back until a server that is started in the block can handle them, so that what was made by then is removed first.

    Only the main thread handles signals, so in other threads nothing is blocked.
    """
    waiting = stops() if threading.current_thread() is threading.main_thread() else frozenset()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

"""The signals that stop a server, and how to hold them back until somebody can obey them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

STOPS: Final = frozenset({signal.SIGINT, signal.SIGTERM})
"""Those that stop any server."""


def stops(*, is_one: bool = True) -> frozenset[signal.Signals]:
    """The signals that stop a server. SIGHUP is among them for a single process; of many, it has the workers replaced."""
    # nohup has SIGHUP ignored, so that the end of a terminal is not the end of the server.
    hangs_up = is_one and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return STOPS | ({signal.SIGHUP} if hangs_up else set())


@contextmanager
def held_back() -> Iterator[None]:
    """Hold those signals back until whoever runs a server lets them through, so that what this process has made by then is removed first.

    Only the main thread obeys signals.
    """
    waiting = stops() if threading.current_thread() is threading.main_thread() else frozenset()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

"""The signals that stop a server."""

from __future__ import annotations

import signal
from typing import Final

STOPS: Final = frozenset({signal.SIGINT, signal.SIGTERM})
"""Those that stop any server."""


def stops(*, is_one: bool = True) -> frozenset[signal.Signals]:
    """The signals that stop a server: one of a single process ends on SIGHUP as well, which has many replaced."""
    # nohup has SIGHUP ignored, so that the end of a terminal is not the end of the server.
    hangs_up = is_one and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return STOPS | ({signal.SIGHUP} if hangs_up else set())

"""Notices: what whoever started a server, such as systemd, is told of it. Source: sd_notify(3); sd_watchdog_enabled(3)."""

from __future__ import annotations

import logging
import math
import os
import socket
import time

log = logging.getLogger("bento.serving")

# A socket whose reader is busy takes no more for a moment; what is lost may end the server, where it is waited for.
_PATIENCE = 1.0
# Longer ones than 4,096 bytes are not read by systemd, all assignments together.
_LONGEST_STATUS = 500
# How much longer than its grace period a stop may take until the server ends itself.
_LATE = 5.0


class Notices:
    """Tells the socket of this `name`, "" for none, how its server is; what cannot be told is logged once, and no reason to do else.

    What is held up for longer than `patience`, in seconds, and so gives no sign of life, is to be ended. Only the process that made it
    says anything, for systemd takes the word of no other: `NotifyAccess=main`. It does not name itself as the main process, either, for
    outside of a container its number is another's.
    """

    def __init__(self, name: str = "", patience: float = math.inf) -> None:
        # One that begins with `@` has no file, and a null character in its place.
        self._name = f"\0{name[1:]}" if name.startswith("@") else name
        self.patience = patience
        self._process = os.getpid()
        self._is_heard = True

    @classmethod
    def taken(cls) -> Notices:
        """As systemd asks for them. Taken out of the environment: what this process starts in turn has no part in it."""
        name, microseconds, process = (os.environ.pop(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"))
        is_watched = name and microseconds.isdecimal() and process in {"", str(os.getpid())}
        return cls(name, (int(microseconds) / 1e6 if is_watched else 0.0) or math.inf)

    @property
    def every(self) -> float:
        """Seconds between two signs of life."""
        return min(1.0, self.patience / 2)

    def status(self, text: str) -> None:
        """What the server does, as `systemctl status` shows it; only the first line is told."""
        self._tell(_status(text))

    def ready(self, text: str) -> None:
        """It answers, or workers have been replaced, or nothing came of that."""
        self._tell("READY=1", _status(text))

    def reloading(self, text: str) -> None:
        """It begins to replace its workers."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", _status(text))

    def stopping(self, grace: float) -> None:
        """It begins to drain, which takes as long as its own grace period, whatever else a stop is allowed."""
        self._tell("STOPPING=1", f"EXTEND_TIMEOUT_USEC={round((grace + _LATE) * 1e6)}", "STATUS=stopping: what is open is answered")

    def alive(self) -> None:
        """It is not held up."""
        if self.patience < math.inf:
            self._tell("WATCHDOG=1")

    def _tell(self, *assignments: str) -> None:
        if not self._name or os.getpid() != self._process:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_PATIENCE)
                sender.sendto("\n".join(assignments).encode(errors="replace"), self._name)
        except OSError as error:
            if self._is_heard:
                name = self._name.replace("\0", "@")
                log.warning("nobody hears at NOTIFY_SOCKET=%r how this server is: %s", name, error.strerror or error)
            self._is_heard = False


def _status(text: str) -> str:
    # A further line would be an assignment of its own.
    return f"STATUS={text.partition(chr(10))[0][:_LONGEST_STATUS]}"

"""Notices: what a server tells the program that started it, such as systemd. Source: sd_notify(3); sd_watchdog_enabled(3)."""

from __future__ import annotations

import logging
import math
import os
import socket
import time

log = logging.getLogger("bento.serving")

# How long to wait for a socket whose reader is busy: systemd may end a server whose notice is lost.
_PATIENCE = 1.0
# systemd reads no notice that is longer than 4,096 bytes, all assignments together.
_LONGEST_STATUS = 500
# How much longer than its grace period a stop may take until the server ends itself.
_LATE = 5.0


class Notices:
    """Tells the socket of this `name` how the server is; "" is none. A notice that cannot be sent is logged once, and has no other effect.

    A process that gives no sign of life for longer than `patience`, in seconds, is to be ended. Only the process that made this object
    sends notices, because systemd heeds no other (`NotifyAccess=main`). They do not name the main process either, because outside of a
    container its id is another one.
    """

    def __init__(self, name: str = "", patience: float = math.inf) -> None:
        # A name that begins with `@` has no file, and a null character in place of the `@`.
        self._name = f"\0{name[1:]}" if name.startswith("@") else name
        self.patience = patience
        self._process = os.getpid()
        self._is_heard = True

    @classmethod
    def taken(cls) -> Notices:
        """The notices that systemd asks for in the environment. The variables are removed: they do not concern what this process starts."""
        name, microseconds, process = (os.environ.pop(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"))
        is_watched = name and microseconds.isdecimal() and process in {"", str(os.getpid())}
        return cls(name, (int(microseconds) / 1e6 if is_watched else 0.0) or math.inf)

    @property
    def every(self) -> float:
        """Seconds between two signs of life."""
        return min(1.0, self.patience / 2)

    def status(self, text: str) -> None:
        """Tell what the server does, for `systemctl status`; only the first line is sent."""
        self._tell(_status(text))

    def ready(self, text: str) -> None:
        """Tell that the server answers: that it has started, that its workers have been replaced, or that replacing them has failed."""
        self._tell("READY=1", _status(text))

    def reloading(self, text: str) -> None:
        """Tell that the server begins to replace its workers."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", _status(text))

    def stopping(self, grace: float) -> None:
        """Tell that the server begins to drain, and ask for as much time as its grace period allows, whatever a stop is allowed
        otherwise."""
        self._tell("STOPPING=1", f"EXTEND_TIMEOUT_USEC={round((grace + _LATE) * 1e6)}", "STATUS=stopping: answering open requests")

    def alive(self) -> None:
        """Tell that the server is not held up."""
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
                log.warning("cannot tell NOTIFY_SOCKET=%r the state of this server: %s", name, error.strerror or error)
            self._is_heard = False


def _status(text: str) -> str:
    # A further line would be an assignment of its own.
    return f"STATUS={text.partition(chr(10))[0][:_LONGEST_STATUS]}"

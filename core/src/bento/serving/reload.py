"""`--reload`: for development, a new process whenever a source file changes."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ..errors import ServerError
from .worker import Settings, run_worker

if TYPE_CHECKING:
    import socket

    from .target import Target

log = logging.getLogger("bento.serving")

_LOOK_EVERY = 0.3
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})
_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})


def run_reloading(target: Target, listener: socket.socket, settings: Settings, on_ready: Callable[[], None]) -> None:
    """Serve `target` in a child process, and start it anew when a Python file below its folders changes."""
    if not target.folders:
        raise ServerError(f"{target.title} is saved and does not change: --reload is for MODULE:SERVICE")
    old = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    lifeline = os.pipe()
    child = 0
    try:
        while True:
            seen = _stamps(target.folders)
            child = _fork(lambda: run_worker(target, listener, settings, on_ready, lifeline=lifeline[0]), lifeline[1])
            if not _changed(target.folders, seen):
                return
            log.info("a source file changed: starting anew")
            _end(child)
    finally:
        _end(child)
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
        for end in lifeline:
            os.close(end)


def _changed(folders: tuple[Path, ...], seen: dict[Path, int]) -> bool:
    """Wait for a change of the source files; False when a signal says stop instead."""
    while signal.sigtimedwait(_SIGNALS, _LOOK_EVERY) is None:
        if _stamps(folders) != seen:
            return True
    return False


def _stamps(folders: tuple[Path, ...]) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for folder in folders for path in _sources(folder)}


def _sources(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _SKIPPED]
        for name in files:
            path = Path(parent, name)
            # A file can be gone between being listed and being looked at: editors write a new one and rename it.
            if name.endswith(".py") and path.exists():
                yield path


def _fork(work: Callable[[], None], parents_end: int) -> int:
    pid = os.fork()
    if pid == 0:
        os.close(parents_end)
        _be_worker(work)
    return pid


def _be_worker(work: Callable[[], None]) -> NoReturn:
    status = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        work()
        status = 0
    except BaseException:
        # The code is being written: its traceback is what its author wants to see, and the next change may mend it.
        log.exception("the service cannot start: waiting for a change")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _end(child: int) -> None:
    """Stop a child and take it in; one that has ended already is fine."""
    if not child:
        return
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGTERM)
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(0.02)

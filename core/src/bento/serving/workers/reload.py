"""`--reload`: for development, a new process whenever a source file changes."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Collection, Iterable, Iterator
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ServerError
from ...stopping import stops
from .forking import end, fork, no_further_process
from .generation import take_in
from .settings import Place, Settings
from .signals import Impatience
from .template import CUT_OFF, KILLED
from .worker import run_worker

if TYPE_CHECKING:
    from ..target import Target

log = logging.getLogger("bento.serving")

_LOOK_EVERY = 0.3
_READY = b"r"
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})


def run_reloading(target: Target, listener: socket.socket, settings: Settings, on_ready: Callable[[], None]) -> None:
    """Serve `target` in a child process, and start it anew when a Python file below its folders changes."""
    if not target.folders:
        raise ServerError(f"{target.title} is saved and does not change: --reload is for MODULE:SERVICE")
    told = stops()
    old = signal.pthread_sigmask(signal.SIG_BLOCK, told)
    above, below = socket.socketpair()

    def work() -> None:
        above.close()
        run_worker(target, listener, settings, say_ready, Place(below.fileno()))

    def say_ready() -> None:
        on_ready()
        below.send(_READY)

    def hear() -> None:
        # A child that is held up is for its author to notice, so the sign of life is given regardless.
        settings.notices.alive()
        with contextlib.suppress(BlockingIOError):
            above.recv(len(_READY), socket.MSG_DONTWAIT)
            settings.notices.ready(f"{target.title} is ready")

    def wait() -> bool:
        is_changed = _changed(target.folders, seen, told, hear)
        if not is_changed:
            settings.notices.stopping(settings.grace)
        return is_changed

    try:
        seen = _stamps(target.folders)
        while _run_until_changed(work, target, wait, told, settings.notices.alive):
            before, seen = seen, _stamps(target.folders)
            _forget(path for path, stamp in seen.items() if before.get(path) != stamp)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
        above.close()
        below.close()


def _run_until_changed(
    work: Callable[[], None], target: Target, wait: Callable[[], bool], told: Collection[signal.Signals], look: Callable[[], None]
) -> bool:
    """Have a child work until a source file changes; False if a signal says stop, a ServerError if the stop has cost answers.

    In all cases, the child has ended by then.
    """
    try:
        child = fork(work, _say_why)
    except OSError as error:
        raise ServerError(f"{target.title} cannot start: {no_further_process(error)}") from error
    is_changed = False
    try:
        is_changed = wait()
        if is_changed:
            log.info("a source file changed: restarting")
    finally:
        is_stop, how = _end(child, told, look, is_stop=not is_changed)
    if is_stop and how in {CUT_OFF, KILLED}:
        raise ServerError(f"stopped, but the process that served {target.title} ended {how}")
    return not is_stop


def _say_why(error: BaseException) -> None:
    # The code is being written: its traceback is what its author wants to see, and the next change may mend it.
    log.error("the service cannot start: waiting for a change", exc_info=error)
    # Another status says that answers were cut off.
    end(0)


def _changed(folders: tuple[Path, ...], seen: dict[Path, int], told: Collection[signal.Signals], look: Callable[[], None]) -> bool:
    """Wait until a source file changes, and call `look` meanwhile; False if a signal says stop instead."""
    while signal.sigtimedwait(told, _LOOK_EVERY) is None:
        look()
        if _stamps(folders) != seen:
            return True
    return False


def _forget(sources: Iterable[Path]) -> None:
    """Remove the compiled forms of these files. Python would take that of an old source for a new one that is as long and was written in
    the same second. Source: Python's language reference, 5.4.7, "Cached bytecode invalidation"."""
    for source in sources:
        # If it cannot be removed, this user's Python has not written it.
        with contextlib.suppress(OSError):
            Path(cache_from_source(source)).unlink()


def _stamps(folders: tuple[Path, ...]) -> dict[Path, int]:
    stamps = {}
    for path in (path for folder in folders for path in _sources(folder)):
        # A file can be gone between being listed and being looked at: editors write a new one and rename it.
        with contextlib.suppress(OSError):
            stamps[path] = path.stat().st_mtime_ns
    return stamps


def _sources(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _SKIPPED]
        yield from (Path(parent, name) for name in files if name.endswith(".py"))


def _end(child: int, told: Collection[signal.Signals], look: Callable[[], None], *, is_stop: bool) -> tuple[bool, str]:
    """Stop a child and wait for its end; a second signal kills it. If this `is_stop`, the first signal has come already.

    Returns whether a signal has come by now, and how the child has ended.
    """
    impatience, how = Impatience(), ""
    if is_stop:
        impatience.note()
    # If this process was started with SIGCHLD ignored, the kernel takes in children by itself.
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        # A child that has ended before, as for want of memory, loses no answers to this stop.
        if take_in(child):
            return is_stop, how
        os.kill(child, signal.SIGTERM)
        while not (how := take_in(child)):
            look()
            if signal.sigtimedwait(told, 0.02) is not None:
                is_stop = True
                if impatience.note():
                    os.kill(child, signal.SIGKILL)
    return is_stop, how

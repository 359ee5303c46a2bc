"""Many workers on one socket: started together, replaced when one dies, stopped together.

The supervisor itself loads nothing and serves nothing; it waits for signals. Each worker holds a pipe to it: what a worker
writes there is how its start went, and the pipe's other end closing tells a worker that the supervisor is gone.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from ..errors import ServerError
from .metrics import stretch_size
from .worker import Settings, run_worker

if TYPE_CHECKING:
    import socket

    from .metrics import Numbers
    from .target import Target

log = logging.getLogger("bento.serving")

_SIGNALS = frozenset({signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGTERM})
_MOST_APIS = 256
_READY = b"ready"
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class _Worker:
    """A worker process as its supervisor sees it."""

    place: int
    pid: int
    report: int
    ready: bool = False
    text: bytes = b""


@dataclass(slots=True)
class Supervisor:
    """Keeps `count` workers of `target` alive until a signal says stop."""

    target: Target
    listener: socket.socket
    settings: Settings
    count: int
    on_ready: Callable[[], None]
    _workers: dict[int, _Worker] = field(default_factory=dict)
    _stretches: list[Numbers] = field(default_factory=list)
    _lifeline: tuple[int, int] = (-1, -1)
    _pause: float = _FIRST_PAUSE
    _announced: bool = False

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; a service that cannot start is a ServerError with the worker's reason."""
        self._stretches = _shared_stretches(self.count)
        self._lifeline = os.pipe()
        old = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            for place in range(self.count):
                self._fork(place)
            self._watch()
        finally:
            self._stop()
            signal.pthread_sigmask(signal.SIG_SETMASK, old)
            for end in self._lifeline:
                os.close(end)

    def _watch(self) -> None:
        while True:
            received = signal.sigtimedwait(_SIGNALS, 0.2)
            self._read_reports()
            if received is None:
                continue
            if received.si_signo in {signal.SIGINT, signal.SIGTERM}:
                return
            if received.si_signo == signal.SIGCHLD:
                self._bury()

    def _read_reports(self) -> None:
        for worker in self._workers.values():
            with contextlib.suppress(BlockingIOError):
                worker.text += os.read(worker.report, 65536)
            worker.ready = worker.ready or worker.text.startswith(_READY)
        if not self._announced and all(worker.ready for worker in self._workers.values()):
            self._announced = True
            self.on_ready()

    def _bury(self) -> None:
        """Take in every worker that has ended, and put another in its place."""
        self._read_reports()
        for worker in [worker for worker in self._workers.values() if _has_ended(worker.pid)]:
            del self._workers[worker.pid]
            os.close(worker.report)
            if not worker.ready:
                self._give_up_or_wait(worker)
            else:
                self._pause = _FIRST_PAUSE
                log.warning("worker %d ended: starting another", worker.pid)
            self._fork(worker.place)

    def _give_up_or_wait(self, worker: _Worker) -> None:
        """A worker that never came up ends a server that never came up, too; one that runs goes on trying, ever less often."""
        reason = worker.text.decode(errors="replace") or "it ended without a word"
        if not any(other.ready for other in self._workers.values()):
            raise ServerError(f"{self.target.title} cannot start: {reason}")
        log.error("a new worker cannot start, trying again in %.1f seconds: %s", self._pause, reason)
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _fork(self, place: int) -> None:
        reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            self._be_worker(place, writer)
        os.close(writer)
        os.set_blocking(reader, False)
        self._workers[pid] = _Worker(place, pid, reader)

    def _be_worker(self, place: int, report: int) -> NoReturn:
        status = 1
        try:
            os.close(self._lifeline[1])
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            run_worker(
                self.target,
                self.listener,
                self.settings,
                lambda: _say(report, _READY),
                stretches=self._stretches,
                own=place,
                lifeline=self._lifeline[0],
            )
            status = 0
        except BaseException as error:  # noqa: BLE001 - the supervisor ends with it, or logs it
            _say(report, f"{type(error).__name__}: {error}".encode())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # A model's thread that hangs must not keep a worker that has answered everything.
            os._exit(status)

    def _stop(self) -> None:
        """End all workers: by request, then, after their grace, by force."""
        _signal_all(self._workers, signal.SIGTERM)
        due = time.monotonic() + self.settings.grace + 1.0
        while self._workers and time.monotonic() < due:
            signal.sigtimedwait({signal.SIGCHLD}, 0.1)
            self._workers = {pid: worker for pid, worker in self._workers.items() if not _has_ended(pid)}
        _signal_all(self._workers, signal.SIGKILL)
        for pid in self._workers:
            os.waitpid(pid, 0)
        self._workers.clear()


def _shared_stretches(count: int) -> list[Numbers]:
    """A stretch of memory for each worker's figures, shared by all that are forked later."""
    size = 8 * stretch_size(_MOST_APIS)
    shared = memoryview(mmap.mmap(-1, size * count)).cast("d")
    length = stretch_size(_MOST_APIS)
    return [shared[place * length : (place + 1) * length] for place in range(count)]


def _has_ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG) != (0, 0)


def _signal_all(pids: dict[int, _Worker], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _say(pipe: int, text: bytes) -> None:
    os.write(pipe, text[:65536])

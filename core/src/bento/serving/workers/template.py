"""Templates: a process that loads a service once and from which workers are forked, so that they share what is loaded.

If a fork after loading would be unsafe, because there are threads or a device in use by then, the process that has loaded becomes a worker
itself, and each of the others loads for itself; files that an artifact maps are shared all the same.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from ...garbage import freeze, uncollected
from .channel import LISTEN_NO_MORE, Channel, Kind, Report
from .forking import fork, no_further_process, reason_not_to_fork
from .settings import Place, Settings
from .signals import caught_signals, read_signals
from .worker import run_worker, say_lane

if TYPE_CHECKING:
    import socket

    from ..calls.board import Board
    from ..target import Target


@dataclass(frozen=True, slots=True)
class Workplace:
    """What all processes of a generation share. `stretch` is where its workers' stretches of the board begin."""

    find: Callable[[], Target]
    listener: socket.socket
    settings: Settings
    board: Board
    stretch: int
    lifeline: int
    channel: Channel


def run_template(workplace: Workplace) -> None:
    """Load the service, then fork a worker for each place that is asked for, until the supervisor closes its end."""
    with _ending_with(workplace.lifeline):
        with uncollected():
            target = workplace.find()
            service = target.load()
        import_module("..http.pages", __package__)
        say_lane()
    workplace.board.add(service.apis)
    reason = reason_not_to_fork()
    report = Report(Kind.LOADED, os.getpid(), 0, "\n".join([reason, target.title, *service.apis]))
    loaded = replace(target, load=lambda: service)
    if reason:
        workplace.channel.report(report)
        _work(workplace, loaded, 0)
    else:
        freeze()
        workplace.channel.report(report)
        _Template(workplace, loaded).run()


@contextmanager
def _ending_with(lifeline: int) -> Iterator[None]:
    """End this process when the supervisor is gone, whatever the main thread does."""
    reader, writer = os.pipe()

    def watch() -> None:
        waiting = select.poll()
        waiting.register(lifeline, select.POLLIN)
        waiting.register(reader, select.POLLIN)
        if lifeline in dict(waiting.poll()):
            os._exit(1)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        os.close(writer)
        watching.join()
        os.close(reader)


def run_one(workplace: Workplace, place: int) -> None:
    """Be the worker of a place, and load for itself."""
    _work(workplace, workplace.find(), place)


def tell_failure(channel: Channel, place: int, error: BaseException) -> None:
    """Report why this process ends: a sentence, and below it the traceback."""
    where = "".join(traceback.format_exception(error))
    channel.report(Report(Kind.FAILED, os.getpid(), place, f"{type(error).__name__}: {error}\n{where}"))


def _work(workplace: Workplace, target: Target, place: int) -> None:
    channel = workplace.channel
    run_worker(
        target,
        workplace.listener,
        workplace.settings,
        lambda: channel.report(Report(Kind.READY, os.getpid(), place)),
        Place(workplace.lifeline, workplace.board, workplace.stretch + place),
    )


class _Template:
    """The parent of a generation's workers."""

    def __init__(self, workplace: Workplace, target: Target) -> None:
        self._workplace = workplace
        self._channel = workplace.channel
        self._target = target
        self._workers: dict[int, int] = {}

    def run(self) -> None:
        # Other signals are for the workers, and for the supervisor, which ends this process by closing its end of the channel.
        with caught_signals() as signals:
            waiting = select.poll()
            waiting.register(signals, select.POLLIN)
            waiting.register(self._channel, select.POLLIN)
            while True:
                waiting.poll()
                if signal.SIGCHLD in read_signals(signals):
                    self._bury()
                for place in self._channel.places():
                    if place is None:
                        return
                    self._start(place)

    def _start(self, place: int) -> None:
        if place == LISTEN_NO_MORE:
            self._workplace.listener.close()
            return
        try:
            self._fork(place)
        except OSError as error:
            self._channel.report(Report(Kind.FAILED, 0, place, no_further_process(error)))
            self._channel.report(Report(Kind.ENDED, 0, place))

    def _fork(self, place: int) -> None:
        told, telling = os.pipe()

        def work() -> None:
            os.close(telling)
            # The supervisor would never know of a worker that was not reported because this process was killed first.
            is_known = os.read(told, 1)
            os.close(told)
            if is_known:
                _work(self._workplace, self._target, place)

        try:
            pid = fork(work, lambda error: tell_failure(self._channel, place, error))
            self._workers[pid] = place
            self._channel.report(Report(Kind.FORKED, pid, place))
            os.write(telling, b"1")
        finally:
            os.close(told)
            os.close(telling)

    def _bury(self) -> None:
        for pid in list(self._workers):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._channel.report(Report(Kind.ENDED, pid, self._workers.pop(pid), how_ended(status)))


CUT_OFF = "with status 1"
"""How a worker ends that could not answer all its requests."""

BY_SIGNAL = "by signal"
"""The beginning of the phrase for a process that a signal has ended."""

KILLED = f"{BY_SIGNAL} 9"
"""How a process ends that somebody has killed, or the kernel for lack of memory."""

ORPHANED = "after its parent"
"""The phrase for a process of which nobody knows how it ended."""


def how_ended(status: int) -> str:
    """A wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    return f"{BY_SIGNAL} {-code}" if code < 0 else f"with status {code}"

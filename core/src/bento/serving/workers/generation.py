"""Generations: the workers that come from one loading of a service."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .channel import LISTEN_NO_MORE, Channel, Kind, Report
from .forking import fork
from .template import Workplace, how_ended, run_one, run_template, tell_failure

log = logging.getLogger("bento.serving")


@dataclass(slots=True, eq=False)
class Worker:
    """A worker process as its supervisor sees it; `pid` is 0 until it is known. A worker that `is_leaving` is not replaced."""

    place: int
    pid: int = 0
    is_child: bool = False
    ready_at: float = 0.0
    is_leaving: bool = False
    failure: str = ""
    last_sign: float = 0.0
    looks: int = 0

    @property
    def serves(self) -> bool:
        return self.ready_at > 0.0 and not self.is_leaving

    def note(self, report: Report) -> None:
        """Take in a report about this worker."""
        if report.kind is Kind.FAILED:
            self.failure = report.text
        elif report.kind is Kind.READY:
            self.ready_at = time.monotonic()
        elif report.kind is Kind.FORKED:
            self.pid = report.pid
            if self.is_leaving:
                self.leave()

    def looks_without(self, sign: float) -> int:
        """Take in the last sign of life that a look has found; returns for how many looks it has been the same, while the worker serves."""
        self.looks = self.looks + 1 if self.serves and sign == self.last_sign else 0
        self.last_sign = sign
        return self.looks

    def leave(self) -> None:
        """Let it answer what it has, and end."""
        self.is_leaving = True
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass(slots=True, eq=False)
class Generation:
    """Starts processes, and keeps what is known of each.

    `first` is the id of the process that loads and is then the template of the others; 0 once there is none. `shares` is whether the
    workers share what it has loaded, None until that is known. A new process calls `enter` first, to close what only its supervisor may
    hold.
    """

    workplace: Workplace
    channel: Channel
    enter: Callable[[], None]
    title: str
    first: int = 0
    shares: bool | None = None
    failure: str = ""
    is_given_up: bool = False
    workers: dict[int, Worker] = field(default_factory=dict)

    def start(self) -> None:
        """Begin to load. If no further process can be started, it is an OSError."""
        self.first = self._fork(run_template, 0)

    @property
    def can_add(self) -> bool:
        """Whether more workers can be started."""
        return not self.is_given_up and (self.shares is False or (self.shares is True and self.first != 0))

    def add(self, place: int) -> None:
        """Start the worker of a place. If no further process can be started, it is an OSError."""
        if self.shares:
            self.workers[place] = Worker(place)
            self.channel.ask(place)
        else:
            pid = self._fork(lambda workplace: run_one(workplace, place), place)
            self.workers[place] = Worker(place, pid, is_child=True)

    def note_loaded(self, report: Report) -> tuple[str, list[str]]:
        """Note that the first process has loaded. Returns why it becomes a worker itself instead of forking workers ("" if it forks), and
        the names of the apis."""
        reason, self.title, *apis = report.text.split("\n")
        self.shares = not reason
        if reason:
            self.workers[0] = Worker(0, self.first, is_child=True)
            self.first = 0
        return reason, apis

    def stop_listening(self) -> None:
        """Have the template let go of the listening socket, or end the first process if it is still loading."""
        if self.shares:
            self.channel.ask(LISTEN_NO_MORE)
        else:
            self._kill_first()

    def ended_children(self) -> Iterator[tuple[Worker | None, str]]:
        """The supervisor's own children that have ended, each with how it ended; None stands for the first process."""
        if self.first and (how := take_in(self.first)):
            self.first = 0
            # Workers that the template was asked for, and has not told of, will never start.
            self.workers = {place: worker for place, worker in self.workers.items() if worker.pid}
            yield None, how
        for worker in [worker for worker in self.workers.values() if worker.is_child]:
            if how := take_in(worker.pid):
                yield self.workers.pop(worker.place), how

    def ended_orphans(self) -> Iterator[Worker]:
        """Workers that have ended after their template, so that nobody has reported their end."""
        for worker in list(self.workers.values()):
            if worker.pid and not worker.is_child and not self.first and _is_gone(worker.pid):
                yield self.workers.pop(worker.place)

    def end_held_up(self, looks: float) -> None:
        """Kill workers that have given no sign of life for more than so many looks. Others replace them once their end is noticed.

        Looks are counted instead of seconds, because the supervisor and its workers may have been held up together.
        """
        for worker in self.workers.values():
            if worker.looks_without(self.workplace.board.last_sign(self.workplace.stretch + worker.place)) > looks:
                log.error("worker %d is held up: ending it", worker.pid)
                worker.kill()

    def close(self) -> None:
        """End the first process, whatever it does, and close the channel, once there are no workers any more."""
        self._kill_first()
        self.channel.close()
        self.workplace.channel.close()

    def kill(self) -> None:
        """End all processes, whatever they do."""
        for worker in self.workers.values():
            worker.kill()
            if worker.is_child:
                os.waitpid(worker.pid, 0)
        self.workers.clear()
        self.close()

    def _kill_first(self) -> None:
        if self.first:
            os.kill(self.first, signal.SIGKILL)
            os.waitpid(self.first, 0)
            self.first = 0

    def _fork(self, work: Callable[[Workplace], None], place: int) -> int:
        def enter_and_work() -> None:
            self.enter()
            work(self.workplace)

        return fork(enter_and_work, lambda error: tell_failure(self.workplace.channel, place, error))


def take_in(pid: int) -> str:
    """How a child has ended, as a phrase such as "by signal 9"; "" if it has not. The end of a child can be asked for only once."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return how_ended(status) if ended else ""


def _is_gone(pid: int) -> bool:
    """Whether a process whose parent is gone has ended. By now it is a child of init, or of this process if this one adopts orphans."""
    try:
        return bool(take_in(pid))
    except ChildProcessError:
        return not os.path.exists(f"/proc/{pid}")  # noqa: PTH110 - asked again and again

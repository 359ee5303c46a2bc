"""The crew: the workers of a supervisor, and what follows when one is ready, cannot start, or ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from ...errors import ServerError
from .channel import Kind, Report
from .forking import no_further_process
from .template import BY_SIGNAL, CUT_OFF, KILLED, ORPHANED

if TYPE_CHECKING:
    from ..calls.board import Board
    from .agenda import Agenda
    from .generation import Generation, Worker
    from .notices import Notices

log = logging.getLogger("bento.serving")

# All in seconds. Once a worker has been ready for _SETTLED, it has started, and failures before it no longer count.
_SETTLED = 0.5
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_ORPHANS_EVERY = 0.5


class Crew:
    """Generations of `count` workers, the older first; there is a second one only while workers are being replaced.

    `new` makes a generation whose workers count on the board from the given stretch on.
    """

    def __init__(
        self,
        count: int,
        new: Callable[[int], Generation],
        board: Board,
        agenda: Agenda,
        on_ready: Callable[[], None],
        notices: Notices,
    ) -> None:
        self.generations: list[Generation] = []
        self._count = count
        self._new = new
        self._board = board
        self._agenda = agenda
        self._on_ready = on_ready
        self._notices = notices
        self._was_complete = self._once_more = False
        self.is_leaving = False
        self._failures = 0
        self._cut_off = 0

    @property
    def workers(self) -> Iterator[Worker]:
        return (worker for generation in self.generations for worker in generation.workers.values())

    @property
    def has_workers(self) -> bool:
        return any(True for _ in self.workers)

    @property
    def serves(self) -> bool:
        """Whether there is a worker that is ready and stays."""
        return any(worker.serves for worker in self.workers)

    # Beginnings

    def start(self) -> None:
        """Start a new generation, which replaces the one that is there."""
        taken = {generation.workplace.stretch for generation in self.generations}
        generation = self._new(self._count if 0 in taken else 0)
        self.generations.append(generation)
        self._try(generation, generation.start)

    def renew(self) -> None:
        """Load the target anew and replace all workers. While the first workers start, or others are being replaced, this is put off until
        they are ready."""
        if self._was_complete:
            self._load_anew()
        else:
            self._once_more = True

    def _load_anew(self) -> None:
        self._once_more = len(self.generations) > 1
        if not self._once_more and not self.is_leaving:
            said = f"loading {self.generations[0].title} again, to replace its workers one by one"
            log.info("%s", said)
            self._notices.reloading(said)
            self.start()

    def _fill(self, generation: Generation) -> None:
        """Start the workers that are missing; one at a time if they replace others."""
        if self.is_leaving or generation not in self.generations or not generation.can_add:
            return
        newest = self.generations[-1]
        one_by_one = generation is newest is not self.generations[0]
        for place in range(self._count):
            if one_by_one and not all(worker.serves for worker in generation.workers.values()):
                return
            replaced = generation is not newest and place in newest.workers and newest.workers[place].serves
            if place not in generation.workers and not replaced:
                self._try(generation, partial(generation.add, place))

    def _try(self, generation: Generation, start: Callable[[], None]) -> None:
        try:
            start()
        except OSError as error:
            self._could_not_start(generation, no_further_process(error), "")

    # What is heard

    def take(self, generation: Generation, report: Report) -> None:
        """Act on a report, unless its worker is known to have ended."""
        if report.kind is Kind.LOADED:
            self._loaded(generation, report)
        elif report.kind is Kind.FAILED and report.pid == generation.first:
            generation.failure = report.text
        elif report.place in generation.workers:
            worker = generation.workers[report.place]
            worker.note(report)
            if report.kind is Kind.READY:
                self._ready(generation, worker)
            elif report.kind is Kind.ENDED:
                self._ended(generation, generation.workers.pop(report.place), report.text)

    def children_ended(self) -> None:
        """Look for the supervisor's own children among the processes that have ended."""
        for generation in list(self.generations):
            for worker, how in generation.ended_children():
                if worker is None:
                    self._first_ended(generation, how)
                else:
                    self._ended(generation, worker, how)

    def _loaded(self, generation: Generation, report: Report) -> None:
        reason, apis = generation.note_loaded(report)
        self._board.add(apis)
        if reason:
            log.info(
                "each of %d workers loads %s for itself, because a fork after that is unsafe: %s", self._count, generation.title, reason
            )
        else:
            log.info("%d workers are forked from a process that has loaded %s, and share it", self._count, generation.title)
        self._fill(generation)

    def _ready(self, generation: Generation, worker: Worker) -> None:
        self._agenda.later(_SETTLED, lambda: self._settled(generation, worker))
        is_complete = sum(worker.serves for worker in generation.workers.values()) == self._count
        older = self.generations[0]
        if older is not generation and worker.place in older.workers:
            self._let_go(older, older.workers[worker.place])
        if is_complete:
            self._note_complete(generation)
        self._fill(generation)

    def _note_complete(self, generation: Generation) -> None:
        older = self.generations[0]
        if not self._was_complete:
            self._was_complete = True
            self._on_ready()
        elif generation is not older:
            said = f"all workers of {generation.title} are new"
            log.info("%s", said)
            self._notices.ready(said)
        if generation is not older:
            self._close_if_empty(older)
        elif self._once_more:
            self._load_anew()

    def _settled(self, generation: Generation, worker: Worker) -> None:
        if generation.workers.get(worker.place) is worker:
            self._failures = 0

    # Ends

    def leave(self) -> None:
        """Let all workers answer what they have, and end."""
        self.is_leaving = True
        for generation in self.generations:
            generation.stop_listening()
        for worker in self.workers:
            # A second signal would cut off a worker that is just ending.
            if not worker.is_leaving:
                worker.leave()

    def _let_go(self, generation: Generation, worker: Worker) -> None:
        """Let a worker end that another has replaced; kill it if it has not ended after its grace period."""
        worker.leave()
        due = generation.workplace.settings.grace + 1.0
        self._agenda.later(due, lambda: worker.kill() if generation.workers.get(worker.place) is worker else None)

    def kill(self) -> int:
        """Kill all processes; returns how many workers could not answer all they had since they were asked to leave."""
        self._cut_off += sum(1 for _ in self.workers)
        for generation in self.generations:
            generation.kill()
        return self._cut_off

    def _ended(self, generation: Generation, worker: Worker, how: str) -> None:
        """Replace a worker that has ended, unless it was asked to end."""
        self._board.leave(generation.workplace.stretch + worker.place)
        if worker.is_leaving or self.is_leaving:
            if worker.failure and worker.ready_at:
                log.error("worker %d did not end cleanly: %s", worker.pid, worker.failure)
            was_killed = how.startswith(BY_SIGNAL)
            if was_killed and worker.ready_at:
                log.error("worker %d ended %s before it had answered all its requests", worker.pid, how)
            self._cut_off += self.is_leaving and worker.ready_at > 0.0 and (was_killed or how == CUT_OFF)
            self._close_if_empty(generation)
        elif worker.ready_at:
            has_settled = time.monotonic() - worker.ready_at >= _SETTLED
            log.warning("worker %d ended %s: starting another", worker.pid, how)
            self._fill_after(0.0 if has_settled else self._pause(), generation)
        else:
            self._could_not_start(generation, worker.failure, how)

    def _first_ended(self, generation: Generation, how: str) -> None:
        if generation.shares is None:
            self._could_not_start(generation, generation.failure, how)
            return
        self._watch_orphans(generation)
        if self.is_leaving:
            return
        log.error("the process that workers are forked from ended %s: loading again", how)
        if generation is self.generations[0]:
            self._load_anew()
        else:
            self._give_up(generation)

    def _could_not_start(self, generation: Generation, fault: str, how: str) -> None:
        """If no worker serves, end the server with the reason. Otherwise try again, or keep the old generation if the new one has no
        worker.

        A worker that was killed while it started may start the next time, so it does not end a server that was complete before.
        """
        was_killed = how in {KILLED, ORPHANED} and not fault
        failure = fault or f"a process ended {how} before it was ready"
        reason, _, where = failure.partition("\n")
        if not (self.serves or (was_killed and self._was_complete)):
            error = ServerError(f"{generation.title} cannot start: {reason}")
            error.add_note(where)
            raise error
        if generation is not self.generations[0] and not any(worker.serves for worker in generation.workers.values()):
            said = f"{self.generations[0].title} stays as it is, because its replacement cannot start: {failure}"
            log.error("%s", said)
            self._notices.ready(said)
            self._give_up(generation)
        else:
            pause = max(self._pause(), _FIRST_PAUSE)
            log.error("a new worker cannot start, trying again in %.1f seconds: %s", pause, failure)
            self._agenda.later(pause, lambda: self._fill(generation) if generation.can_add else self._load_anew())

    def _give_up(self, generation: Generation) -> None:
        """Give up a generation that was to replace another."""
        generation.is_given_up = True
        for worker in generation.workers.values():
            worker.leave()
        self._fill(self.generations[0])
        if not self.generations[0].can_add:
            self._agenda.later(max(self._pause(), _FIRST_PAUSE), self._load_anew)
        self._close_if_empty(generation)

    def _close_if_empty(self, generation: Generation) -> None:
        if generation.workers or (generation is self.generations[-1] and not generation.is_given_up):
            return
        generation.close()
        self.generations.remove(generation)
        if self._once_more:
            self._load_anew()

    def _watch_orphans(self, generation: Generation) -> None:
        """Check again and again whether workers whose template is gone have ended, because nobody reports that."""
        for worker in generation.ended_orphans():
            self._ended(generation, worker, ORPHANED)
        if generation in self.generations:
            self._agenda.later(_ORPHANS_EVERY, lambda: self._watch_orphans(generation))

    def _fill_after(self, seconds: float, generation: Generation) -> None:
        if seconds:
            self._agenda.later(seconds, lambda: self._fill(generation))
        else:
            self._fill(generation)

    def _pause(self) -> float:
        """Seconds until the next try: none after a first failure, then ever more, until a worker has settled."""
        self._failures += 1
        return min(_FIRST_PAUSE * 2 ** min(self._failures - 2, 10), _LONGEST_PAUSE) if self._failures > 1 else 0.0

"""Many workers on one socket: started together, replaced when one dies or all are to be new, stopped together.

The supervisor itself loads nothing and serves nothing. It forks a process that loads the service, a template, from which the workers are
forked (template.py), and waits for signals and for what its processes report. While no worker serves for longer than a moment, a process
with nothing else to do answers health checks (porter.py).

On SIGHUP the target is resolved and loaded anew, in a new template, and workers are replaced one by one: an old one is asked to end when
the new one in its place is ready. If the new target cannot be loaded or started, the old workers stay as they are.
"""

from __future__ import annotations

import gc
import logging
import math
import os
import select
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import ServerError
from ...garbage import freeze
from ...registry import installed
from ...stopping import STOPS
from ..calls.board import Board
from .agenda import Agenda
from .channel import Channel
from .crew import Crew
from .drain import plug
from .forking import reason_not_to_fork
from .generation import Generation
from .porter import Porter, run_porter
from .running import QUIET_STOP
from .signals import Impatience, caught_signals, read_signals
from .template import Workplace
from .watchdog import Watchdog

if TYPE_CHECKING:
    import socket

    from ..target import Target
    from .settings import Settings


log = logging.getLogger("bento.serving")

_LATE = 2.0


class Supervisor:
    """Keeps `count` workers of a target alive until a signal says stop; `find` resolves the target anew."""

    def __init__(
        self,
        target: Target,
        find: Callable[[], Target],
        listener: socket.socket,
        settings: Settings,
        count: int,
        on_ready: Callable[[], None],
    ) -> None:
        self._target = target
        self._find = find
        self._listener = listener
        self._settings = settings
        self._agenda = Agenda()
        self._board = Board(2 * count)
        self._crew = Crew(count, self._generation, self._board, self._agenda, self._note_ready, settings.notices)
        self._porter = Porter(self._agenda, self._board, self._is_unserved, self._be_porter)
        self._on_ready = on_ready
        self._is_ready_unsaid = False
        self._lifeline = os.pipe()
        self._has_begun = False
        self._stops_asked = 0
        self._impatience = Impatience()
        self._watchdog = Watchdog(settings.grace + _LATE, self._say_forced, self._kill)

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; a service that cannot start is a ServerError with the worker's reason."""
        reason = reason_not_to_fork() if self._target.in_hand else ""
        if reason:
            raise ServerError(
                f"{self._target.title} is in memory, and not safe to share with many workers, because {reason}: save it and serve its tag"
            )
        installed()
        freeze()
        if self._settings.notices.patience < math.inf:
            self._watch()
        with caught_signals(self._note_signal) as signals:
            self._crew.start()
            self._porter.look()
            try:
                while not self._stops_asked:
                    self._turn(signals)
            except BaseException:
                self._stop(signals)
                raise
            unfinished = self._stop(signals)
        if unfinished:
            raise ServerError(f"stopped, but {unfinished} of the workers ended by force or with an error")

    def _turn(self, signals: socket.socket, longest: float | None = None) -> None:
        """Wait until something happens, and act on it."""
        waiting = select.poll()
        waiting.register(signals, select.POLLIN)
        for generation in self._crew.generations:
            waiting.register(generation.channel, select.POLLIN)
        seconds = [wait for wait in (self._agenda.wait(), longest) if wait is not None]
        waiting.poll(math.ceil(1000 * min(seconds)) if seconds else None)
        numbers = read_signals(signals)
        if not self._stops_asked and not STOPS.isdisjoint(numbers):
            # A signal to all processes at once has ended workers as well, and these must not be replaced.
            self._let_leave()
        # What a process reported before it ended comes before the news of its end.
        for generation in list(self._crew.generations):
            # A report that ends the server raises an error, and leaves the other reports unread: `_stop` reads those.
            for report in generation.channel.reports():
                self._crew.take(generation, report)
        for number in numbers:
            self._take_signal(number)
        self._agenda.run_due()
        self._porter.look()
        self._say_ready()

    def _watch(self) -> None:
        """Give a sign of life, and end workers that give none."""
        notices = self._settings.notices
        notices.alive()
        for generation in self._crew.generations:
            generation.end_held_up(notices.patience / notices.every)
        self._agenda.later(notices.every, self._watch)

    def _note_ready(self) -> None:
        self._is_ready_unsaid = True

    def _say_ready(self) -> None:
        """Say that workers are ready, but only once the porter is gone, because it would refuse requests."""
        if self._is_ready_unsaid and not self._porter.pid:
            self._is_ready_unsaid = False
            self._on_ready()

    def _note_signal(self, number: int) -> None:
        if number in STOPS:
            self._watchdog.note(number)

    def _take_signal(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self._crew.children_ended()
        elif number == signal.SIGHUP:
            self._crew.renew()
        else:
            self._stops_asked = 2 if self._impatience.note() else 1

    def _stop(self, signals: socket.socket) -> int:
        """End everything: by request at first, by force after the grace period or another signal. Returns how many workers were forced."""
        self._stops_asked = max(1, self._stops_asked)
        if not self._crew.is_leaving:
            self._let_leave()
        self._porter.look()
        self._listener.close()
        self._agenda.later(QUIET_STOP, self._say_open)
        due = time.monotonic() + self._settings.grace + 1.0
        while (self._crew.has_workers or self._porter.pid) and self._stops_asked == 1 and time.monotonic() < due:
            self._turn(signals, max(0.0, due - time.monotonic()))
        unfinished = self._kill()
        if not unfinished:
            # Otherwise the watchdog stays on: the process has to end, even if it is held up while it logs the reason.
            self._watchdog.stop()
        for end in self._lifeline:
            os.close(end)
        gc.unfreeze()
        return unfinished

    def _kill(self) -> int:
        unfinished = self._crew.kill()
        self._porter.kill()
        return unfinished

    def _say_forced(self, why: str) -> None:
        log.error("%s: ending all workers by force", why)

    def _let_leave(self) -> None:
        plug(self._listener)
        self._crew.leave()
        self._settings.notices.stopping(self._settings.grace)

    def _say_open(self) -> None:
        if workers := sum(1 for _ in self._crew.workers):
            grace = self._settings.grace
            log.info("stopping: %d workers still answer requests, for up to %.3g s; another signal ends that", workers, grace)

    # What is started

    def _generation(self, stretch: int) -> Generation:
        above, below = Channel.pair()
        find = self._find_anew if self._has_begun else lambda: self._target
        self._has_begun = True
        workplace = Workplace(find, self._listener, self._settings, self._board, stretch, self._lifeline[0], below)
        return Generation(workplace, above, self._enter, self._target.title)

    def _find_anew(self) -> Target:
        """In a new process: it shares what this one had imported before, so a plugin that was replaced since then is a ServerError."""
        if replaced := installed().replaced():
            raise ServerError(f"{'; '.join(replaced)}: start the server again")
        return self._find()

    def _enter(self) -> None:
        """In a new process: close what only the supervisor may hold, or nobody would notice the supervisor's end."""
        os.close(self._lifeline[1])
        for generation in self._crew.generations:
            generation.channel.close()

    def _be_porter(self) -> None:
        self._enter()
        run_porter(self._target, self._listener, self._settings, self._lifeline[0])

    def _is_unserved(self) -> bool:
        return not (self._stops_asked or self._crew.serves)

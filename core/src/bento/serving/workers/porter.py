"""The porter: a process that answers health checks, and refuses everything else, while no worker serves."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from .forking import fork
from .generation import take_in
from .settings import Place, Settings
from .worker import run_worker

if TYPE_CHECKING:
    import socket

    from ..calls.board import Board
    from ..target import Target
    from .agenda import Agenda

log = logging.getLogger("bento.serving")

_MOMENT = 0.3


class Porter:
    """Starts the process when `is_wanted` has been true for a moment. Once it is not, the process answers what it has taken, and ends.

    The `board` says whether the process exists: no worker is ready while a client may still be refused.
    """

    def __init__(self, agenda: Agenda, board: Board, is_wanted: Callable[[], bool], work: Callable[[], None]) -> None:
        self._board = board
        self._agenda = agenda
        self._is_wanted = is_wanted
        self._work = work
        self.pid = 0
        self._is_called = self._is_leaving = False

    def look(self) -> None:
        """See whether the process has ended, and whether it is wanted."""
        if self.pid and take_in(self.pid):
            self.pid, self._is_leaving, self._board.has_porter = 0, False, False
        if not self._is_wanted():
            self._leave()
        elif not self.pid and not self._is_called:
            self._is_called = True
            self._agenda.later(_MOMENT, self._come)

    def kill(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def _come(self) -> None:
        self._is_called = False
        if self._is_wanted() and not self.pid:
            self._board.has_porter = True
            try:
                self.pid = fork(self._work, _say)
            except OSError as error:
                self._board.has_porter = False
                _say(error)

    def _leave(self) -> None:
        if self.pid and not self._is_leaving:
            self._is_leaving = True
            os.kill(self.pid, signal.SIGTERM)


def _say(error: BaseException) -> None:
    log.error("health checks are not answered: %s", error)


def run_porter(target: Target, listener: socket.socket, settings: Settings, lifeline: int) -> None:
    """Be the porter: a server that loads for ever."""
    run_worker(replace(target, load=_never), listener, settings, lambda: None, Place(lifeline))


def _never() -> NoReturn:
    while True:
        threading.Event().wait()

"""uvicorn's server with its own start and end: health checks are answered while the service loads, and nothing is lost at the end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import threading
import time
from collections.abc import Callable, Generator
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import uvicorn

from ...garbage import uncollected
from ...stopping import stops
from ..filters import keep_one_filter
from ..lifecycle import THREADS
from .drain import drain, plug
from .forking import end, flush
from .signals import Impatience, give_to_children
from .watchdog import Watchdog

if TYPE_CHECKING:
    import socket

    from ..http.app import App
    from .settings import Place, Settings

log = logging.getLogger("bento.serving")

_PAGES_SECONDS = 0.5
_PATIENCE_WITH_THREADS = 1.0
_FORCED = 1
_LATE = 1.0

QUIET_STOP = 1.0
"""After so many seconds, a stop that is not over says what it waits for."""


class Server(uvicorn.Server):
    """The server of one process; `failure` is what the service raised while it was loading, or when its model was lost."""

    def __init__(self, config: uvicorn.Config, app: App, settings: Settings, on_ready: Callable[[], None], place: Place | None) -> None:
        super().__init__(config)
        self.failure: Exception | None = None
        self._access_log = app.access_log
        self._lifecycle = app.lifecycle
        self._lifecycle.on_lost = self._fail
        self._grace = settings.grace
        self._notices = settings.notices
        self._on_ready = on_ready
        self._place = place
        self._asked_to_stop = asyncio.Event()
        self._impatience = Impatience()
        self._starting: asyncio.Task[None] | None = None

    # Start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        if self._place is not None:
            loop.add_reader(self._place.lifeline, self._orphaned)
        self._starting = loop.create_task(self._bring_up())
        if self._place is not None and self._place.board is not None:
            await self._starting
        if self.failure is None:
            await super().startup(sockets)
            self._starting.add_done_callback(lambda _: self._tell())

    async def _bring_up(self) -> None:
        try:
            with uncollected():
                await self._lifecycle.start()
                # Otherwise everything that was loaded would be searched for garbage during the first requests.
                gc.freeze()
            keep_one_filter()
        except Exception as error:  # noqa: BLE001 - raised by whoever runs the server
            self._fail(error)

    def _tell(self) -> None:
        if self.failure is None and not self.should_exit:
            self._on_ready()
            # Pages are seldom asked for, and take long to import. Imported a little later, they delay neither the first answers nor the
            # first page.
            asyncio.get_running_loop().call_later(_PAGES_SECONDS, _import_pages)

    async def main_loop(self) -> None:
        """Until there is a reason to stop: keep the date right, which is a header of every answer."""
        self._give_sign()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._notices.every):
                    await self._asked_to_stop.wait()

    def _give_sign(self) -> None:
        """Give a sign of life now, and again as long as the loop runs: a worker that somebody else stops is watched while it drains."""
        if self._place is None:
            self._notices.alive()
        elif self._place.board is not None:
            self._place.board.give_sign(self._place.own)
        asyncio.get_running_loop().call_later(self._notices.every, self._give_sign)

    # Reasons to stop

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in self._signals()}
        for_children = {number: signal.SIG_DFL if number == signal.SIGTERM else _ignore for number in before}
        give_to_children(for_children)
        for number in before:
            loop.add_signal_handler(number, self._signalled, number)
        # A supervisor makes sure that its workers end. A process without one needs a watchdog, because its loop may be held up, as by a log
        # that nobody reads.
        watchdog = None if self._place else Watchdog(self._grace + _LATE, self._say_forced)
        if watchdog is not None:
            for number in before:
                watchdog.listen(number)
        # The process that started this one may have had some of them blocked.
        mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, before)
        try:
            yield
            flush()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for_children.clear()
            if watchdog is not None:
                watchdog.stop()
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                # A worker that has answered everything must not look cut off because it was told to end a second time.
                signal.signal(number, handler if self._place is None else _ignore)

    def _signals(self) -> frozenset[signal.Signals]:
        return stops() if self._place is None else frozenset({signal.SIGTERM})

    def _signalled(self, number: signal.Signals) -> None:
        if not self.started:
            end(0)
        if self._impatience.note() and self._place is None:
            self._end_by_force(f"{number.name} came again")
        self._stop()

    def _orphaned(self) -> None:
        log.warning("the supervisor is gone: stopping")
        if not self.started:
            end(_FORCED)
        if self._place is not None:
            asyncio.get_running_loop().remove_reader(self._place.lifeline)
        self._stop()

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self._stop()

    def _stop(self) -> None:
        self.should_exit = True
        self._asked_to_stop.set()

    # End

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        listeners = sockets or []
        self._lifecycle.drain()
        if self._place is None:
            for listener in listeners:
                plug(listener)
            self._notices.stopping(self._grace)
            asyncio.get_running_loop().call_later(QUIET_STOP, self._say_open)
        try:
            async with asyncio.timeout(self._grace) as time_left:
                await drain(self, listeners)
                await self._lifecycle.stop()
        except TimeoutError:
            if not time_left.expired():
                raise
            self._end_by_force(f"the grace period of {self._grace:.3g} seconds is over")
        if self._access_log is not None:
            await self._access_log.finish()
        if self._place is None and self.failure is None:
            await _leave_threads("a call that nobody waits for still runs" if self._lifecycle.service else "the service still loads")

    def _say_open(self) -> None:
        if open_calls := self._lifecycle.open_calls:
            log.info("stopping: %d requests are still being answered, for up to %.3g s; another signal ends that", open_calls, self._grace)

    def _end_by_force(self, reason: str) -> NoReturn:
        self._say_forced(reason)
        end(_FORCED)

    def _say_forced(self, reason: str) -> None:
        log.error("%s: ending without %d answers", reason, self._lifecycle.open_calls)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing on a signal. SIG_IGN would be inherited by programs that a service starts."""


def _import_pages() -> None:
    """Import pages in a thread. If no further thread or file can be had now, they are imported when somebody asks for a page."""

    def work() -> None:
        try:
            import_module("..http.pages", __package__)
        except OSError as error:
            log.debug("pages are imported when somebody asks for one: %s", error)

    try:
        threading.Thread(target=work, name=f"{THREADS}pages").start()
    except RuntimeError as error:
        log.debug("pages are imported when somebody asks for one: %s", error)


async def _leave_threads(what: str) -> None:
    """Give threads that nobody waits for a moment to end. If they do not, end the process by force, because Python would wait for them."""
    due = time.monotonic() + _PATIENCE_WITH_THREADS
    while any(thread.name.startswith(THREADS) for thread in threading.enumerate()):
        if time.monotonic() > due:
            log.warning("%s: ending without it", what)
            end(0)
        await asyncio.sleep(0.01)

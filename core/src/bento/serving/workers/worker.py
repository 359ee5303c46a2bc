"""One server process: uvicorn around the app, from a listening socket to the last answer."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import uvicorn

from ...garbage import uncollected
from ..address import Address
from ..calls.limits import Limits
from ..filters import keep_one_filter
from ..http.app import App
from ..lifecycle import THREADS, Lifecycle
from ..logs import AccessLog
from .drain import drain, plug
from .forking import end, flush
from .signals import Impatience
from .watchdog import Watchdog

if TYPE_CHECKING:
    import socket

    from ..calls.board import Board
    from ..target import Target

log = logging.getLogger("bento.serving")

_PAGES_SECONDS = 0.5
_PATIENCE_WITH_THREADS = 1.0
_FORCED = 1
_LATE = 1.0

QUIET_STOP = 1.0
"""After so many seconds, a stop that is not over says what it waits for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves; `grace` is how many seconds a stop waits for open requests, `address` where clients find it behind a proxy."""

    limits: Limits = field(default_factory=Limits)
    allowed_hosts: frozenset[str] = frozenset()
    access_log: type[AccessLog] | None = AccessLog
    grace: float = 30.0
    examples: bool = True
    """Whether golden examples have to hold before a service is ready."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Further paths of apis and pages, with those that they stand for."""
    address: Address = field(default_factory=Address)


@dataclass(frozen=True, slots=True)
class Place:
    """A worker's place below the process that started it. It obeys only SIGTERM, and stops when `lifeline`, a file descriptor, says that
    the process is gone.

    With a `board` it counts in the stretch `own`, and begins to listen when it is ready, for others listen meanwhile.
    """

    lifeline: int
    board: Board | None = None
    own: int = 0


def run_worker(
    target: Target, listener: socket.socket, settings: Settings, on_ready: Callable[[], None], place: Place | None = None
) -> None:
    """Serve until a signal stops it; what the service raised while it was loading is raised here.

    A second signal, or the end of `settings.grace`, ends the process itself.
    """
    board, own = (place.board, place.own) if place else (None, 0)
    examples = target.examples if settings.examples else tuple
    lifecycle = Lifecycle(
        target.load,
        version=target.version,
        limits=settings.limits,
        examples=examples,
        aliases=settings.aliases,
        board=board,
        own=own,
    )
    app = App(lifecycle, allowed_hosts=settings.allowed_hosts, access_log=settings.access_log, brings_up=False, address=settings.address)
    server = _Server(_config(app, settings), lifecycle, settings.grace, on_ready, place)
    try:
        server.run([listener])
    finally:
        if place is None:
            gc.unfreeze()
    if server.failure is not None:
        raise server.failure


def _config(app: App, settings: Settings) -> uvicorn.Config:
    # What uvicorn would say of starts and stops is said in bento's words by whoever calls this.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    return uvicorn.Config(
        app,
        http=_protocol(app),
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=math.ceil(settings.limits.keep_alive_seconds),
    )


def _protocol(app: App) -> Any:
    """The fast lane's protocol, or uvicorn's own under a release that the fast lane does not know."""
    from ..http import fast

    return fast.FastLane(app).protocol if fast.fits() else "httptools"


def say_lane() -> None:
    """Say in the log that requests take the ordinary lane, if they do; one process says so for all workers."""
    from ..http import fast

    if not fast.fits():
        log.info("uvicorn %s is not one that the fast lane is tested with: using the ordinary lane, which is slower", uvicorn.__version__)


def _import_pages() -> None:
    threading.Thread(target=import_module, args=("..http.pages", __package__), name=f"{THREADS}pages").start()


class _Server(uvicorn.Server):
    """uvicorn's server with a start and an end of its own: health is answered while the service loads, and nothing is lost at the end."""

    def __init__(
        self, config: uvicorn.Config, lifecycle: Lifecycle, grace: float, on_ready: Callable[[], None], place: Place | None
    ) -> None:
        super().__init__(config)
        self.failure: Exception | None = None
        self._lifecycle = lifecycle
        lifecycle.on_lost = self._fail
        self._grace = grace
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
                # Else what has been loaded would be searched for garbage beside the first requests.
                gc.freeze()
            keep_one_filter()
        except Exception as error:  # noqa: BLE001 - raised by whoever runs the server
            self._fail(error)

    def _tell(self) -> None:
        if self.failure is None and not self.should_exit:
            self._on_ready()
            # Pages are seldom asked for and take long to import. Later, it delays neither the first answers nor whoever asks for a page.
            asyncio.get_running_loop().call_later(_PAGES_SECONDS, _import_pages)

    async def main_loop(self) -> None:
        """Keep the date right, which is a header of every answer, until there is a reason to stop."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._asked_to_stop.wait()

    # Reasons to stop

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in self._signals()}
        for number in before:
            loop.add_signal_handler(number, self._signalled, number)
        # A worker's supervisor sees to its end. In a process of its own the loop may be held up, as by a log that nobody reads.
        watchdog = None if self._place else Watchdog(self._grace + _LATE, self._say_forced)
        if watchdog is not None:
            for number in before:
                watchdog.listen(number)
        # Whoever started this process may have had some blocked.
        mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, before)
        try:
            yield
            flush()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            if watchdog is not None:
                watchdog.stop()
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                # A worker that has answered everything must not look as if it had not, because it is told to end once more. SIG_IGN would
                # be inherited by programs that a service starts.
                signal.signal(number, handler if self._place is None else lambda *_: None)

    def _signals(self) -> list[signal.Signals]:
        if self._place is not None:
            return [signal.SIGTERM]
        # nohup has SIGHUP ignored, so that the end of a terminal is not the end of the server.
        hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        return [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hangs_up else [])]

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
            asyncio.get_running_loop().call_later(QUIET_STOP, self._say_open)
        try:
            async with asyncio.timeout(self._grace) as time_left:
                await drain(self, listeners)
                await self._lifecycle.stop()
        except TimeoutError:
            if not time_left.expired():
                raise
            self._end_by_force(f"the grace period of {self._grace:.3g} seconds is over")
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


async def _leave_threads(what: str) -> None:
    """Give threads that nobody waits for a moment to end. If they do not, end the process, which would wait for them."""
    due = time.monotonic() + _PATIENCE_WITH_THREADS
    while any(thread.name.startswith(THREADS) for thread in threading.enumerate()):
        if time.monotonic() > due:
            log.warning("%s: ending without it", what)
            end(0)
        await asyncio.sleep(0.01)

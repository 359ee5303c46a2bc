"""One server process: uvicorn around the app, from a listening socket to the last answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn

from .app import App
from .lifecycle import Lifecycle
from .limits import Limits

if TYPE_CHECKING:
    import socket

    from .metrics import Numbers
    from .target import Target

log = logging.getLogger("bento.serving")

_KEEP_ALIVE_SECONDS = 75


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server behaves; `grace` is how many seconds a stop waits for open requests."""

    limits: Limits = field(default_factory=Limits)
    allowed_hosts: tuple[str, ...] = ()
    access_log: bool = True
    grace: float = 30.0


def run_worker(
    target: Target,
    listener: socket.socket,
    settings: Settings,
    on_ready: Callable[[], None],
    *,
    stretches: Sequence[Numbers] = (),
    own: int = 0,
    lifeline: int | None = None,
) -> None:
    """Serve until a signal stops it; what the service raised while it was loading is raised here."""
    lifecycle = Lifecycle(target.load, version=target.version, limits=settings.limits, stretches=stretches, own=own)
    failures: list[BaseException] = []

    def started(error: BaseException | None) -> None:
        if error is None:
            on_ready()
        else:
            failures.append(error)
            server.should_exit = True

    app = App(lifecycle, allowed_hosts=settings.allowed_hosts, access_log=settings.access_log, on_started=started)
    server = _Server(_config(app, settings), lifeline)
    server.run([listener])
    if failures:
        raise failures[0]


def _config(app: App, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_protocol(app, settings),
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(settings.grace),
    )


def _protocol(app: App, settings: Settings) -> Any:
    """The fast lane's protocol, or uvicorn's own under a release that the fast lane does not know."""
    from . import fast

    if fast.fits():
        return fast.FastLane(app, settings.allowed_hosts).protocol
    log.info("uvicorn %s is not one that the fast lane is tested with: using the ordinary lane", uvicorn.__version__)
    return "httptools"


class _Server(uvicorn.Server):
    """uvicorn's server, which a stop by signal ends with exit status 0, and which ends when its supervisor is gone."""

    def __init__(self, config: uvicorn.Config, lifeline: int | None) -> None:
        super().__init__(config)
        self._lifeline = lifeline

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._lifeline is not None:
            asyncio.get_running_loop().add_reader(self._lifeline, self._orphaned)

    def _orphaned(self) -> None:
        log.warning("the supervisor is gone: stopping")
        self.should_exit = True
        if self._lifeline is not None:
            asyncio.get_running_loop().remove_reader(self._lifeline)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        handlers = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

"""One server process: uvicorn around the app, from a listening socket to the last answer."""

from __future__ import annotations

import gc
import logging
import math
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from ..http.app import App
from ..lifecycle import Lifecycle
from .running import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..target import Target
    from .settings import Place, Settings

log = logging.getLogger("bento.serving")


def run_worker(
    target: Target, listener: socket.socket, settings: Settings, on_ready: Callable[[], None], place: Place | None = None
) -> None:
    """Serve until a signal stops it; an error that the service raised while it was loading is raised here.

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
    app = App(
        lifecycle,
        allowed_hosts=settings.allowed_hosts,
        access_log=settings.access_log,
        brings_up=False,
        address=settings.address,
        at_path=listener.family == socket.AF_UNIX,
    )
    server = Server(_config(app, settings), app, settings, on_ready, place)
    try:
        server.run([listener])
    finally:
        if place is None:
            gc.unfreeze()
    if server.failure is not None:
        raise server.failure


def _config(app: App, settings: Settings) -> uvicorn.Config:
    # The caller logs starts and stops in bento's own words, in place of uvicorn's.
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
    """The fast lane's protocol, or uvicorn's own if its release is not one that the fast lane knows."""
    from ..http import fast

    return fast.FastLane(app).protocol if fast.fits() else "httptools"


def say_lane() -> None:
    """Say in the log that requests take the ordinary lane, if they do; one process says so for all workers."""
    from ..http import fast

    if not fast.fits():
        log.info("uvicorn %s is not one that the fast lane is tested with: using the ordinary lane, which is slower", uvicorn.__version__)

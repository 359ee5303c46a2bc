"""`bento.serve`: from what is to be served to a running server."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..bounds import BODY, GRACE, PATIENCE, WORKERS
from ..compiled import is_compiled
from ..errors import ServerError
from ..stopping import held_back
from .address import Address
from .calls.limits import MIB, Limits
from .http.guard import host_names
from .logs import AccessLog, JsonAccessLog
from .target import resolve
from .workers.files import raise_file_limit
from .workers.notices import Notices
from .workers.processors import available_processors, share_processors
from .workers.sockets import inherited, listen, listen_at, url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..bundle import Bundle
    from ..bundle.signing.identity import Identity
    from ..service import Service
    from ..store import Store
    from ..tag import Tag

log = logging.getLogger("bento.serving")

_ACCESS_LOGS = {"text": AccessLog, "json": JsonAccessLog}


def serve(  # noqa: PLR0913 - each is an option of the command line, too
    target: Service | Bundle | Tag | str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 3000,
    uds: str | Path | None = None,
    workers: int | Literal["auto"] = 1,
    reload: bool = False,
    trust: bool = False,
    keys: Sequence[str | Path | Identity] = (),
    store: Store | None = None,
    allowed_hosts: Sequence[str] = (),
    access_log: bool = True,
    log_format: Literal["text", "json"] = "text",
    max_body: int = 100 * MIB,
    grace: float = 30.0,
    keep_alive: float = 75.0,
    examples: bool = True,
    aliases: Mapping[str, str] | None = None,
    public_url: str = "",
) -> None:
    """Serve a service, a bundle's tag or path, or `module:service`, until SIGINT or SIGTERM; open requests are answered first.

    `port` 0 takes a free port. `uds` is the path of a Unix domain socket to listen on instead. `workers` is a number of processes, or
    "auto" for one per processor that this process may use. Several workers share what is loaded where that is safe; on SIGHUP, the target
    is resolved and loaded anew, and they are replaced one by one. With `reload` there is one process, which is started again when a source
    file changes.

    `trust` accepts a bundle that came from elsewhere, whose code then runs. With `keys`, which are identities, or files of public keys or
    identities, the bundle has to be signed by one of them. A bundle's golden examples have to hold in each process before it is ready,
    unless `examples` is off. Without `allowed_hosts`, a server that is reached on a loopback address answers to loopback names only.
    `aliases` maps additional paths to the paths of the apis and pages that they stand for. `public_url` is where clients find the server
    behind a proxy: pages and the OpenAPI document show it, requests for its host are answered, and its path may come before every path of
    the server.

    `max_body` is in bytes. `grace` is how many seconds a stop waits for open requests; after that, or at a second signal, the process ends
    with status 1. `keep_alive` is how many seconds a connection may stay open between two requests: behind a proxy, set it longer than the
    proxy keeps its connections. `log_format` is the format of the access log; `logging` configures everything else that is logged.

    An error that the service raises while it loads is raised here; a port in use is a ServerError. If systemd listens for this process, its
    socket replaces `host`, `port` and `uds`. If NOTIFY_SOCKET is set, systemd is told when the server is ready, replaces its workers and
    stops. The variables of both are removed from the environment.
    """
    _check_no_loop()
    count = _count(workers, reload=reload)
    if reload or count > 1:
        _check_main_thread()
    public, hosts = Address.read(public_url), host_names(allowed_hosts)
    BODY.check("max_body", max_body)
    GRACE.check("grace", grace)
    PATIENCE.check("keep_alive", keep_alive)
    if log_format not in _ACCESS_LOGS:
        raise ServerError(f"expected log_format to be one of {', '.join(_ACCESS_LOGS)}, got {log_format!r}")
    share_processors(count)
    raise_file_limit()
    # Taken before any code of the service runs.
    notices = Notices.taken()
    find = partial(resolve, target, store=store, trust=trust, keys=keys)
    found = find()
    from .workers.settings import Settings
    from .workers.worker import run_worker, say_lane

    limits = Limits(body=max_body, keep_alive_seconds=keep_alive)
    settings = Settings(limits, hosts, _ACCESS_LOGS[log_format] if access_log else None, grace, examples, aliases or {}, public, notices)
    # A signal that came before the server handles signals would leave the socket's path behind.
    with (
        nullcontext() if uds is None else held_back(),
        inherited() or (listen(host, port) if uds is None else listen_at(Path(uds))) as listener,
    ):
        started = time.monotonic()
        address = url(listener)

        def ready() -> None:
            log.info("%s is ready on %s after %.2f s: Ctrl-C stops it", found.title, address, time.monotonic() - started)
            notices.ready(f"{found.title} is ready on {address}")

        notices.status(f"{found.title} starts on {address}")
        loops = ", with compiled loops" if is_compiled() else ""
        log.info("%s starts on %s (process %d%s)", found.title, address, os.getpid(), loops)
        if reload or count == 1:
            say_lane()
        if reload:
            from .workers.reload import run_reloading

            run_reloading(found, listener, settings, ready)
        elif count == 1:
            run_worker(found, listener, settings, ready)
        else:
            from .workers.supervisor import Supervisor

            Supervisor(found, find, listener, settings, count, ready).run()


def _check_no_loop() -> None:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ServerError(
        "this thread has an event loop that runs already, as in a notebook: serve in another one, as in "
        "threading.Thread(target=bento.serve, args=[service], daemon=True).start(), or in a shell with `bento serve`"
    )


def _check_main_thread() -> None:
    if threading.current_thread() is not threading.main_thread():
        raise ServerError(
            "signals, by which processes are started and stopped, reach only the main thread: "
            "leave out workers= and reload= in another one, or serve in a shell with `bento serve`"
        )


def _count(workers: int | Literal["auto"], *, reload: bool) -> int:
    """How many processes serve."""
    if workers == "auto":
        return 1 if reload else min(available_processors(), int(WORKERS.most))
    WORKERS.check("workers", workers)
    if reload and workers > 1:
        raise ServerError(f"only a single process is started again when files change: expected --reload or --workers {workers}, got both")
    return workers

"""`bento serve`: answer requests over HTTP."""

from __future__ import annotations

import atexit
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import click
from click.core import ParameterSource

from ...bounds import GRACE, PATIENCE, WORKERS, Bounds
from ...stopping import STOPS, stops
from ..amounts import Within
from ..command import Command, Keys, distinct, key_option, open_store, store_option, trust_option
from ..server_log import server_log
from ..streams import unbothered_by_output

_MIB = 1024 * 1024
_BODY = Bounds(0.001, _MIB, "MiB")


class _Workers(click.IntRange):
    """A number of processes, or `auto`."""

    name = "number of workers"

    def __init__(self) -> None:
        super().__init__(int(WORKERS.least), int(WORKERS.most))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "auto":
            return value
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r}: expected {WORKERS}, or 'auto' for one on each processor", param, ctx)


@click.command(
    cls=Command,
    examples="""
    bento serve iris:latest
    bento serve iris --host 0.0.0.0 --port 80 --workers 4
    bento serve iris:service --reload        # the instance `service` of ./iris.py, without saving it
    """,
)
@click.argument("target", metavar="TAG|PATH|URL|MODULE:SERVICE")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 for all addresses of this machine.")
@click.option("--port", type=click.IntRange(0, 65535), default=3000, show_default=True, help="The port to listen on; 0 for any free port.")
@click.option("--uds", type=click.Path(path_type=Path), metavar="PATH", help="A Unix domain socket to listen on, instead of host and port.")
@click.option(
    "--workers", type=_Workers(), default=1, show_default=True, metavar="N|auto", help="How many processes; auto: one for each processor."
)
@click.option("--reload", is_flag=True, help="Restart whenever a file of the project changes.")
@click.option("--allowed-host", "allowed_hosts", multiple=True, metavar="NAME", help="A host name that clients may use; repeatable.")
@click.option("--alias", "aliases", multiple=True, metavar="PATH=PATH", help="A further path, and the path that it stands for; repeatable.")
@click.option("--public-url", default="", metavar="URL", help="The URL that clients use, if the server is behind a proxy.")
@click.option("--max-body", type=Within(_BODY), default=100, show_default=True, metavar="MIB", help="The largest request body.")
@click.option("--grace", type=Within(GRACE), default=30, show_default=True, metavar="SECONDS", help="How long the server may take to stop.")
@click.option(
    "--keep-alive",
    type=Within(PATIENCE),
    default=75,
    show_default=True,
    metavar="SECONDS",
    help="How long a connection may be idle; set a shorter time in a proxy.",
)
@click.option(
    "--examples/--no-examples", default=True, show_default=True, help="Check the bundle's golden examples before the server is ready."
)
@click.option("--access-log/--no-access-log", default=True, show_default=True, help="Print a line for each request.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="The format of the log.")
@key_option
@trust_option
@store_option
def command(  # noqa: PLR0913 - one for each option
    target: str,
    *,
    host: str,
    port: int,
    uds: Path | None,
    workers: int | Literal["auto"],
    reload: bool,
    allowed_hosts: tuple[str, ...],
    aliases: tuple[str, ...],
    public_url: str,
    max_body: float,
    grace: float,
    keep_alive: float,
    examples: bool,
    access_log: bool,
    log_format: Literal["text", "json"],
    keys: Keys,
    trust: bool,
    store_path: Path | None,
) -> None:
    """Answer requests over HTTP.

    Serves a saved bundle or, for development, the instance SERVICE of a MODULE in the current folder, until Ctrl-C.
    """
    if uds is not None:
        _check_no_port()
    with _ending_when_told(is_one=workers == 1), unbothered_by_output(), server_log(as_json=log_format == "json"):
        from ...serving import serve

        serve(
            target,
            host=host,
            port=port,
            uds=uds,
            workers=workers,
            reload=reload,
            trust=trust,
            keys=keys,
            store=open_store(store_path),
            allowed_hosts=allowed_hosts,
            access_log=access_log,
            log_format=log_format,
            max_body=round(max_body * _MIB),
            grace=grace,
            keep_alive=keep_alive,
            examples=examples,
            aliases=distinct("alias", map(_pair, aliases)),
            public_url=public_url,
        )


def _check_no_port() -> None:
    context = click.get_current_context()
    for name in ("host", "port"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"a server listens at one place: expected --uds or --{name}, got both")


@contextmanager
def _ending_when_told(*, is_one: bool) -> Iterator[None]:
    """Handle signals before the server starts, and until this process ends.

    Without a handler, process 1 of a container would not end at all, and Ctrl-C would be reported as an error. With several processes,
    SIGHUP is blocked until their supervisor can handle it.
    """
    before = {number: signal.signal(number, _end) for number in stops(is_one=is_one)}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, () if is_one else (signal.SIGHUP,))
    # The function that is registered first is called last.
    atexit.register(_be_deaf)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(_number: int, _frame: FrameType | None) -> None:
    # An exception would look like an error of the module or plugin that is being imported.
    os._exit(0)


def _be_deaf() -> None:
    """Ignore signals, so that none changes the exit status while Python shuts down."""
    for number in (*STOPS, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _pair(text: str) -> tuple[str, str]:
    alias, equals, path = text.partition("=")
    if not equals:
        raise click.UsageError(f"{text!r} is not an alias: expected two paths, as in --alias /invocations=/predict")
    return alias, path

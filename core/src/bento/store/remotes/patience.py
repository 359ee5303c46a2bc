"""Patience: how long to wait for a remote that does not answer, or that has fallen silent."""

from __future__ import annotations

import math
import os
import socket
from types import MethodType
from typing import Any, Final
from urllib.parse import urlsplit

from ...bounds import PATIENCE
from ...errors import RemoteError

VARIABLE: Final = "BENTO_REMOTE_TIMEOUT"
ATTEMPTS: Final = 3
"""How often a library asks a server that resets connections or says that it is busy."""
_SILENCE: Final = 60.0
_CONNECT: Final = 3.0
"""Time for two lost packets, and for all attempts together some ten seconds."""
_SSH: Final = 22


def silence() -> float:
    """After how many seconds without a byte a server is given up."""
    text = os.environ.get(VARIABLE, "")
    try:
        seconds = float(text or _SILENCE)
    except ValueError:
        seconds = math.nan
    if seconds not in PATIENCE:
        raise RemoteError(f"{VARIABLE}={text!r} is no time: expected seconds, such as 60")
    return seconds


def connecting() -> float:
    """How many seconds a connection may take."""
    return min(_CONNECT, silence())


def connected(address: tuple[str, int], source: tuple[str, int] | None = None) -> socket.socket:
    """A connection, which is made soon or not at all."""
    try:
        return socket.create_connection(address, connecting(), source)
    except TimeoutError as error:
        raise ConnectionError(f"no connection within {connecting():g} seconds") from error


def options(scheme: str, url: str) -> dict[str, Any]:
    """What fsspec's file system for a scheme is told, so that all its attempts together take no longer."""
    connect, read = connecting(), silence() / ATTEMPTS
    if scheme == "s3":
        retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
        return {"config_kwargs": {"connect_timeout": connect, "read_timeout": read, "retries": retries}}
    if scheme == "gs":
        import aiohttp

        return {"requests_timeout": aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)}
    if scheme == "sftp":
        # Its own bound on a connection is one on the keys that are agreed upon as well, which takes a slow server longer.
        parts = urlsplit(url)
        bounds = dict.fromkeys(("banner_timeout", "auth_timeout", "channel_timeout"), silence())
        return {"sock": connected((parts.hostname or "", parts.port or _SSH)), "timeout": 2 * silence(), **bounds}
    return {}


def settle(fs: Any, scheme: str) -> None:
    """What a file system cannot be told when it is made."""
    if scheme == "s3":
        # Its library retries by itself, and each retry of s3fs would be that many of those.
        fs.retries = 1
    elif scheme == "gs":
        _ask_less(fs)
    elif scheme == "az":
        fs.service_client = _patient(fs.service_client)
    elif scheme == "sftp":
        fs.ftp.get_channel().settimeout(silence())


def _ask_less(fs: Any) -> None:
    """Have gcsfs, which has no option for it, ask as often as the others; six times, as it does, take more than half a minute."""
    from gcsfs.retry import retry_request

    asking = getattr(getattr(type(fs), "_request", None), "__wrapped__", None)
    if asking is not None:
        vars(fs)["_request"] = MethodType(retry_request(retries=ATTEMPTS)(asking), fs)


def _patient(client: Any) -> Any:
    """The same client of Azure's storage, which waits four minutes otherwise."""
    from azure.storage.blob.aio import LinearRetry

    retry = LinearRetry(backoff=1, retry_total=ATTEMPTS - 1, random_jitter_range=1)
    bounds = {"connection_timeout": connecting(), "read_timeout": silence() / ATTEMPTS, "retry_policy": retry}
    return type(client)(client.url, credential=client.credential, **bounds)

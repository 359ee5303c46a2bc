"""Patience: how long to wait for a remote that does not answer, or that falls silent."""

from __future__ import annotations

import os
import socket
from types import MethodType
from typing import Any, Final
from urllib.parse import urlsplit

from ...bounds import PATIENCE, read_number
from ...errors import RemoteError

VARIABLE: Final = "BENTO_REMOTE_TIMEOUT"
ATTEMPTS: Final = 3
"""How often a library asks a server that resets connections or is busy."""
_SILENCE: Final = 60.0
_CONNECT: Final = 3.0
"""Enough time for two lost packets; all attempts together take some ten seconds."""
_SSH: Final = 22


def silence() -> float:
    """The number of seconds without a byte after which a server is given up."""
    text = os.environ.get(VARIABLE, "")
    seconds = read_number(text) if text else _SILENCE
    if seconds not in PATIENCE:
        raise RemoteError(f"{VARIABLE}={text!r} is not a time: expected seconds, such as 60")
    return seconds


def connecting() -> float:
    """How many seconds a connection may take."""
    return min(_CONNECT, silence())


def connected(address: tuple[str, int], source: tuple[str, int] | None = None) -> socket.socket:
    """A connection; a ConnectionError if it is not made in time."""
    try:
        return socket.create_connection(address, connecting(), source)
    except TimeoutError as error:
        raise ConnectionError(f"no connection within {connecting():g} seconds") from error


def options(scheme: str, url: str) -> dict[str, Any]:
    """Options for fsspec's file system of a scheme that bound the time of all its attempts together."""
    connect, read = connecting(), silence() / ATTEMPTS
    if scheme == "s3":
        retries = {"mode": "standard", "total_max_attempts": ATTEMPTS}
        return {"config_kwargs": {"connect_timeout": connect, "read_timeout": read, "retries": retries}}
    if scheme == "gs":
        import aiohttp

        return {"requests_timeout": aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)}
    if scheme == "sftp":
        # paramiko's own bound on connecting includes the key exchange, which takes a slow server longer.
        parts = urlsplit(url)
        bounds = dict.fromkeys(("banner_timeout", "auth_timeout", "channel_timeout"), silence())
        return {"sock": connected((parts.hostname or "", parts.port or _SSH)), "timeout": 2 * silence(), **bounds}
    return {}


def settle(fs: Any, scheme: str) -> None:
    """Set what a file system has no options for."""
    if scheme == "s3":
        # botocore retries by itself, and s3fs would repeat all of its retries.
        fs.retries = 1
    elif scheme == "gs":
        _ask_less(fs)
    elif scheme == "az":
        fs.service_client = _patient(fs.service_client)
    elif scheme == "sftp":
        fs.ftp.get_channel().settimeout(silence())


def _ask_less(fs: Any) -> None:
    """Make gcsfs, which has no option for it, ask as often as the others; its own six times take more than half a minute."""
    from gcsfs.retry import retry_request

    asking = getattr(getattr(type(fs), "_request", None), "__wrapped__", None)
    if asking is not None:
        vars(fs)["_request"] = MethodType(retry_request(retries=ATTEMPTS)(asking), fs)


def _patient(client: Any) -> Any:
    """The same client of Azure's storage with bounds; it would wait four minutes otherwise."""
    from azure.storage.blob.aio import LinearRetry

    retry = LinearRetry(backoff=1, retry_total=ATTEMPTS - 1, random_jitter_range=1)
    bounds = {"connection_timeout": connecting(), "read_timeout": silence() / ATTEMPTS, "retry_policy": retry}
    return type(client)(client.url, credential=client.credential, **bounds)

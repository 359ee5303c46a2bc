"""The listening socket: made before anything else, so that a port in use is found at once and workers can share it, or inherited."""

from __future__ import annotations

import errno
import os
import socket

from ...errors import ServerError

_BACKLOG = 4096
_FIRST_INHERITED = 3


class InheritedSocket(socket.socket):
    """A listening socket of whoever started this process: it outlives the process, and others go on listening on it."""


def inherited() -> InheritedSocket | None:
    """The socket that systemd, or what speaks its protocol, listens on for this process, if there is one.

    Anything but one TCP socket that listens is a ServerError. Source: sd_listen_fds(3).
    """
    names = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
    # Taken out of the environment: what this process starts in turn has no part in it.
    process, count, _ = (os.environ.pop(name, "") for name in names)
    if process != str(os.getpid()):
        return None
    if count != "1":
        raise ServerError(f"cannot take over LISTEN_FDS={count!r}: expected 1 socket to listen on")
    listener = InheritedSocket(fileno=_FIRST_INHERITED)
    if listener.family not in (socket.AF_INET, socket.AF_INET6) or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise ServerError(f"cannot take over {listener.getsockname()!r}: expected a TCP socket that listens")
    return listener


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`, 0 for a free one; a port in use or an unknown host is a ServerError.

    An address of IPv6 may be in brackets, as URLs have it.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, OverflowError) as error:
        raise ServerError(f"cannot listen on {host!r} port {port}: {error}") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ServerError(_why(error, host, port)) from error
    listener.set_inheritable(True)
    return listener


def url(listener: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - reading what a user chose
        only_6 = host == "::" and listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        host = "::1" if only_6 else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: choose another with --port, or 0 for a free one"
    if error.errno == errno.EACCES:
        return f"port {port} needs rights that this user lacks: choose one above 1023 with --port"
    return f"cannot listen on {host} port {port}: {error.strerror}"

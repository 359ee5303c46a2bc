"""The listening socket: made before anything else, so that a port in use is found at once and workers can share it, or inherited."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ...errors import ServerError

log = logging.getLogger("bento.serving")

_BACKLOG = 4096
_FIRST_INHERITED = 3
# How long to wait for other servers that start in the same folder. Binding a socket takes no time, so nobody else has a reason to hold it.
_PATIENCE = 5.0
_FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)


class InheritedSocket(socket.socket):
    """A listening socket of the program that started this process: it outlives the process, and others go on listening on it."""


class NamedSocket(socket.socket):
    """A Unix domain socket that listens at a path. The process that made it removes the path when it closes it; no other process does."""

    def __init__(self, path: Path) -> None:
        super().__init__(socket.AF_UNIX, socket.SOCK_STREAM)
        self.path = path.absolute()
        self._maker = os.getpid()
        self._name: tuple[int, int] | None = None
        # As it was given: the kernel takes only short paths, and a relative one may be shorter.
        self._given = str(path)

    def take_path(self) -> None:
        """Bind and listen. Everybody who may enter the folder can connect, as everybody on this machine can to a loopback address."""
        self.bind(self._given)
        self._name = _identity(self.path)
        self.path.chmod(0o666)
        self.listen(_BACKLOG)

    def unname(self) -> None:
        """Remove the path, so that no more connections begin; those in the queue stay. A path that is another socket's by now is left."""
        if self._name is not None and os.getpid() == self._maker:
            try:
                if _identity(self.path) == self._name:
                    self.path.unlink()
            except OSError as error:
                # No reason to leave requests without an answer: the next server takes the path over.
                log.warning("%s stays behind: %s", self.path, error.strerror)
        self._name = None

    def close(self) -> None:
        self.unname()
        super().close()


def inherited() -> InheritedSocket | None:
    """The socket that systemd, or what speaks its protocol, listens on for this process, if there is one.

    Anything but one TCP or Unix domain socket that listens is a ServerError. Source: sd_listen_fds(3).
    """
    names = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
    # Removed from the environment, because they do not concern what this process starts.
    process, count, _ = (os.environ.pop(name, "") for name in names)
    if process != str(os.getpid()):
        return None
    if count != "1":
        raise ServerError(f"cannot take over LISTEN_FDS={count!r}: expected 1 socket to listen on")
    listener = InheritedSocket(fileno=_FIRST_INHERITED)
    if listener.family not in _FAMILIES or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise ServerError(f"cannot take over {listener.getsockname()!r}: expected a TCP or Unix socket that listens")
    return listener


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`, 0 for a free one; a port in use or an unknown host is a ServerError.

    An IPv6 address may be in brackets, as in a URL.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, OverflowError, UnicodeError) as error:
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


def listen_at(path: Path) -> NamedSocket:
    """A Unix domain socket that listens at a path. A socket that a killed server has left there is replaced.

    A path in use, or at which something else lies, is a ServerError. Source: unix(7).
    """
    with ExitStack() as undoing:
        listener = undoing.enter_context(NamedSocket(path))
        try:
            with _alone_in(listener.path.parent):
                _make_way(path)
                listener.take_path()
        except (OSError, ValueError) as error:
            raise ServerError(f"cannot listen at {str(listener.path)!r}: {getattr(error, 'strerror', None) or error}") from error
        undoing.pop_all()
    listener.set_inheritable(True)
    return listener


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Have servers that start at the same time look at a folder's sockets one after the other."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        # The folder may be written but not read. Whatever else is wrong with it, listening there will tell.
        yield
        return
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    due = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > due:
                raise ServerError(
                    f"somebody has had {folder} locked for {_PATIENCE:.0f} seconds: choose another folder with --uds"
                ) from None
            time.sleep(0.02)
        else:
            return


def _make_way(path: Path) -> None:
    """Remove a socket on which nobody listens any more."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ServerError(f"{path.absolute()} is there already, and is not a socket: choose another path with --uds")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # A queue that is full is a sign of life, too.
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass
    raise ServerError(f"{path.absolute()} is in use: choose another path with --uds")


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file a path leads to; None for none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def url(listener: socket.socket) -> str:
    """The URL at which a browser on this machine finds it, or `unix:` and the path of a Unix domain socket."""
    if listener.family == socket.AF_UNIX:
        return f"unix:{listener.path if isinstance(listener, NamedSocket) else _name_of(listener)}"
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - reading what a user chose
        only_6 = host == "::" and listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        host = "::1" if only_6 else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _name_of(listener: socket.socket) -> str:
    """The path of a Unix domain socket; that of one without a file begins with a null character, which is written as `@`."""
    name: str | bytes = listener.getsockname()
    return name if isinstance(name, str) else f"@{name[1:].decode(errors='replace')}"


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: choose another with --port, or 0 for a free one"
    if error.errno == errno.EACCES:
        return f"port {port} needs rights that this user lacks: choose one above 1023 with --port"
    return f"cannot listen on {host} port {port}: {error.strerror}"

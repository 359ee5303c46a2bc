"""A server in front of another one, which fails in the ways in which distant servers fail."""

from __future__ import annotations

import itertools
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Flaky(socketserver.ThreadingTCPServer):
    """Refuses with 503 and then hangs up, as often as it is told to; it cuts off one of the answers that it passes on."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, behind: str, *, faults: int = 0, cut: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.behind = (urlsplit(behind).hostname, urlsplit(behind).port)
        self.faults = itertools.chain(itertools.islice(itertools.cycle((BUSY, b"")), faults), itertools.repeat(None))
        self.cut = cut
        self.lock = threading.Lock()
        self.failed = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Connection(socketserver.BaseRequestHandler):
    server: Flaky

    def handle(self) -> None:
        with self.server.lock:
            fault = next(self.server.faults)
        with suppress(OSError):
            if fault is None:
                self._pass_on()
            elif self.request.recv(1 << 16):
                self.server.failed += 1
                self.request.sendall(fault)
                if not fault:
                    self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.request.close()

    def _pass_on(self) -> None:
        with socket.create_connection(self.server.behind) as behind:
            back = threading.Thread(target=self._answer, args=(behind,))
            back.start()
            with suppress(OSError):
                while data := self.request.recv(1 << 16):
                    behind.sendall(data)
                behind.shutdown(socket.SHUT_WR)
            back.join()

    def _answer(self, behind: socket.socket) -> None:
        sent = 0
        with suppress(OSError):
            while data := behind.recv(1 << 14):
                self.request.sendall(data)
                sent += len(data)
                if self.server.cut and sent > self.server.cut:
                    self.server.cut = 0
                    self.server.failed += 1
                    # Closing the socket would do nothing as long as the other thread reads from it.
                    self.request.shutdown(socket.SHUT_RDWR)
                    return


@contextmanager
def flaky(behind: str, **how: int) -> Iterator[Flaky]:
    """A flaky server in front of the one at a URL."""
    with Flaky(behind, **how) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()

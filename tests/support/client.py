"""Clients that do what no good library allows: they send half requests or several at once, and leave answers unread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import quantiles

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """One answer as it came over the wire; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def request(method: str, path: str, body: bytes = b"", **headers: str | None) -> bytes:
    """A request's bytes. Keywords are headers: `content_type="text/plain"`. Host and Content-Length are sent unless they are None."""
    fields: dict[str, str | None] = {"host": HOST, "content_length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1") + body


def post(path: str, body: bytes = b"1", content_type: str = "application/json", **headers: str | None) -> bytes:
    return request("POST", path, body, content_type=content_type, **headers)


class Connection:
    """A blocking connection, so that a thread that uses it hardly needs the interpreter."""

    def __init__(self, port: int, timeout: float = 30.0, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self._buffer = b""
        try:
            self.socket.connect((HOST, port))
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, data: bytes) -> Answer:
        self.send(data)
        return self.answer()

    def answer(self) -> Answer:
        """The next answer, whole."""
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
        body = self._chunks() if headers.get("transfer-encoding") == "chunked" else self._exactly(int(headers["content-length"]))
        return Answer(int(head[0].split()[1]), headers, body)

    def is_closed(self) -> bool:
        """Wait for the server's next byte or the end of the connection; return whether it was the end."""
        try:
            return not self._buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _chunks(self) -> bytes:
        whole = b""
        while size := int(self._until(b"\r\n"), 16):
            whole += self._exactly(size)
            self._until(b"\r\n")
        self._until(b"\r\n")
        return whole

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._receive()
        end = self._buffer.index(mark) + len(mark)
        return self._take(end)

    def _exactly(self, size: int) -> bytes:
        pieces = [self._buffer]
        missing = size - len(self._buffer)
        self._buffer = b""
        while missing > 0:
            self._receive()
            pieces.append(self._buffer)
            missing -= len(self._buffer)
            self._buffer = b""
        self._buffer = b"".join(pieces)
        return self._take(size)

    def _take(self, size: int) -> bytes:
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _receive(self) -> None:
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError(f"the server closed the connection after {self._buffer[:200]!r}")
        self._buffer += data


def wait_until_refused(port: int) -> None:
    """Wait until a server accepts no more connections, as when its stop has begun."""
    while True:
        try:
            socket.create_connection((HOST, port), timeout=0.1).close()
        except OSError:
            return


@dataclass
class Seconds:
    """How long answers took, in order."""

    each: list[float] = field(default_factory=list)

    def percentile(self, percent: int) -> float:
        return quantiles(self.each, n=100, method="inclusive")[percent - 1]


@contextmanager
def watching(port: int, asked: bytes | None = None) -> Iterator[Seconds]:
    """Send a request, by default for /livez, on a connection of its own every few milliseconds; each answer must be a 200."""
    took, over = Seconds(), threading.Event()
    failures: list[BaseException] = []

    def watch() -> None:
        try:
            with Connection(port) as connection:
                while not over.wait(0.005):
                    started = time.perf_counter()
                    assert connection.ask(asked or request("GET", "/livez")).status == 200
                    took.each.append(time.perf_counter() - started)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the test's own thread
            failures.append(error)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()
    if failures:
        raise failures[0]


@dataclass
class Tally:
    """The outcomes of a load: the number of answers by status (0: no answer came), and the seconds that answers with 200 took."""

    statuses: Counter[int] = field(default_factory=Counter)
    good: Seconds = field(default_factory=Seconds)


def load(port: int, asked: bytes, connections: int, seconds: float) -> Tally:
    """Ask from many connections at once, on each again as soon as it is answered; a closed connection is opened again."""
    tally = Tally()
    asyncio.run(_load(port, asked, connections, seconds, tally))
    return tally


async def _load(port: int, asked: bytes, connections: int, seconds: float, tally: Tally) -> None:
    end = time.perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_ask_again_and_again(port, asked, end, tally))


async def _ask_again_and_again(port: int, asked: bytes, end: float, tally: Tally) -> None:
    writer = None
    while (started := time.perf_counter()) < end:
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(asked)
            async with asyncio.timeout(end + 0.2 - started):
                status = await _read_answer(reader)
        except TimeoutError:
            break
        except (ConnectionError, asyncio.IncompleteReadError):
            status, writer = 0, None
        tally.statuses[status] += 1
        if status == 200:
            tally.good.each.append(time.perf_counter() - started)
    if writer is not None:
        writer.transport.abort()


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return int(head.split(b" ", 2)[1])

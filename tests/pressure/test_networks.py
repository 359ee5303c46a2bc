"""Networks and proxies that cut what they carry anywhere, hold it up, close one direction or break off, while workers come and go."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client import HOST, post, request
from pressing import times
from running import Server, eventually, processes, started

SERVICE = """
import asyncio
import bento
from bento.adapters import ArrayAdapter, JsonAdapter

class Carried(bento.Service):
    @bento.api(input=ArrayAdapter(shape=(None,), dtype="int64"), output=ArrayAdapter(), batch=True)
    def double(self, rows):
        return rows * 2

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=True)
    def echo(self, values):
        return values

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def later(self, value):
        await asyncio.sleep(value % 7 / 200)
        return value

    @bento.api(input=JsonAdapter())
    async def count(self, value):
        for number in range(4):
            yield [value, number]
            await asyncio.sleep(0.001)

service = Carried()
"""
PATIENCE = 20.0
NOBODY_SERVES = 503
MOST_PIECES = 60
# Established, and those that the other side has closed.
UNCLOSED = frozenset({"01", "08"})


def in_chunks(path: str, body: bytes) -> bytes:
    head = post(path, b"", content_length=None, transfer_encoding="chunked")
    return head + b"%x\r\n%b\r\n1\r\n \r\n0\r\n\r\n" % (len(body), body)


def long(number: int) -> bytes:
    return json.dumps([number, "x" * 150_000], separators=(",", ":")).encode()


KINDS = {
    "fast": lambda number: (post("/double", b"[%d]" % number), b"[%d]" % (2 * number)),
    "fast, a document": lambda number: (post("/echo", b'{"number":%d}' % number), b'{"number":%d}' % number),
    "fast, large": lambda number: (post("/echo", long(number)), long(number)),
    "fast, later": lambda number: (post("/later", b"%d" % number), b"%d" % number),
    "ordinary": lambda number: (post("/double", b"[%d]" % number, origin=f"http://{HOST}"), b"[%d]" % (2 * number)),
    "ordinary, later": lambda number: (post("/later", b"%d" % number, origin=f"http://{HOST}"), b"%d" % number),
    "in chunks": lambda number: (in_chunks("/echo", long(number)), long(number)),
    "a stream": lambda number: (post("/count", b"%d" % number), b"".join(b"[%d,%d]\n" % (number, each) for each in range(4))),
    "a page": lambda _: (request("GET", "/livez"), b"alive\n"),
}


class End(Enum):
    """How a connection ends once its client has sent all that it will send."""

    READ = "all is sent, and all answers are read"
    CLOSED = "it is closed in one direction, and what comes is read"
    RESET = "it is reset while answers are read"
    DEAF = "it is given up, and nothing was read"


@dataclass(frozen=True)
class Carriage:
    """How one client's requests travel: which requests, the sizes of their pieces in turn, the seconds between pieces, and how the
    connection ends after which share of all bytes."""

    kinds: list[str]
    sizes: list[int]
    seconds: float
    share: float
    end: End
    buffer: int

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """The pieces that go over the wire, one after the other; the rest after some dozens of pieces goes as one."""
        if self.end is not End.READ:
            data = data[: round(len(data) * self.share)]
        for number in range(MOST_PIECES):
            size = self.sizes[number % len(self.sizes)]
            yield data[:size]
            data = data[size:]
        yield data


CARRIAGES = st.builds(
    Carriage,
    kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=8),
    sizes=st.lists(st.sampled_from([1, 2, 17, 100, 161, 1000, 30_000, 70_000, 1 << 20]), min_size=1, max_size=6),
    seconds=st.sampled_from([0.0, 0.0, 0.0005, 0.005]),
    share=st.floats(0, 1),
    end=st.sampled_from(End),
    buffer=st.sampled_from([2048, 1 << 16]),
)


class Client:
    """Sends requests as a carriage says, and checks that each answer belongs to its request."""

    def __init__(self, carriage: Carriage, numbers: Iterator[int]) -> None:
        self.carriage = carriage
        self._asked = [KINDS[kind](next(numbers)) for kind in carriage.kinds]
        self.missing = len(self._asked)
        self.wrong: list[tuple[int, bytes, bytes]] = []

    async def run(self, port: int) -> None:
        """Run until all answers are there, an answer says that it is the last, or the connection has ended."""
        reader, writer = await asyncio.open_connection(HOST, port, limit=self.carriage.buffer)
        sending = asyncio.create_task(self._send(writer))
        try:
            async with asyncio.timeout(PATIENCE):
                await (sending if self.carriage.end is End.DEAF else self._read(reader))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            sending.cancel()
            await asyncio.wait([sending])
            writer.transport.abort()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        for piece in self.carriage.pieces(b"".join(asked for asked, _ in self._asked)):
            writer.write(piece)
            with suppress(ConnectionError):
                await writer.drain()
            await asyncio.sleep(self.carriage.seconds)
        if self.carriage.end is End.CLOSED and not writer.is_closing():
            writer.write_eof()
        elif self.carriage.end is End.RESET:
            with suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        for _, expected in self._asked:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            status, body = int(head.split(b" ")[1]), await self._body(head, reader)
            if status == NOBODY_SERVES:
                continue
            if (status, body) != (200, expected):
                self.wrong.append((status, body, expected))
            self.missing -= 1
            if b"\r\nconnection: close\r\n" in head:
                self.missing = 0
                break

    async def _body(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        length = head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        if length:
            return await reader.readexactly(int(length))
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return body


async def carried(carriages: list[Carriage], server: Server, disturb: Callable[[Server], None]) -> list[Client]:
    """The clients of all carriages, once they are done; the disturbance comes when they begin."""
    numbers = count(1)
    clients = [Client(carriage, numbers) for carriage in carriages]
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.run(server.port))
        await asyncio.sleep(0.005)
        disturb(server)
    return clients


def connections(port: int) -> list[str]:
    """The connections to a port that a process of this machine has not closed yet. Source: proc(5)."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [f"{local} {state}" for _, local, _, state, *_ in lines if local.endswith(f":{port:04X}") and state in UNCLOSED]


def is_at_rest(server: Server) -> bool:
    """Whether no connection and no request is left."""
    return server.figure("bento_requests_in_flight") == 0 and not connections(server.port)


def undisturbed(_: Server) -> None:
    """Nothing happens."""


def replace_workers(server: Server) -> None:
    server.process.send_signal(signal.SIGHUP)


def kill_a_worker(server: Server) -> None:
    """Kill one of the processes that have no children; soon after others were killed, there may be none."""
    childless = [pid for pid in processes(server.process.pid)[1:] if len(processes(pid)) == 1]
    with suppress(ProcessLookupError):
        for pid in random.sample(childless, min(1, len(childless))):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def carrying(folder: Path, **options: object) -> Iterator[Server]:
    (folder / "app.py").write_text(SERVICE)
    with started(folder, access_log=False, **options) as server:
        yield server
        assert server.stop() == 0
    assert not [line for line in server.lines if "Traceback" in line]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with carrying(tmp_path_factory.mktemp("one")) as server:
        yield server


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    with carrying(tmp_path_factory.mktemp("two"), workers=2) as server:
        yield server


@given(st.lists(CARRIAGES, min_size=1, max_size=12))
@settings(max_examples=times(40, 600))
def test_however_requests_travel_each_gets_its_own_answer_and_nothing_is_left(server, carriages):
    """A client that sends all and reads all gets every answer; no client gets another's, and no connection and no request stays."""
    clients = asyncio.run(carried(carriages, server, undisturbed))
    assert [client.wrong for client in clients] == [[]] * len(clients)
    assert [client.missing for client in clients if client.carriage.end is End.READ and client.missing] == []
    assert eventually(lambda: is_at_rest(server))


@pytest.mark.parametrize("disturb", [replace_workers, kill_a_worker])
@given(carriages=st.lists(CARRIAGES, min_size=1, max_size=12))
@settings(max_examples=times(15, 150))
def test_each_request_gets_its_own_answer_while_workers_come_and_go(workers, disturb, carriages):
    """A killed worker loses its requests, and for a moment there may be no worker; a worker that is replaced first answers its requests."""
    clients = asyncio.run(carried(carriages, workers, disturb))
    assert [client.wrong for client in clients] == [[]] * len(clients)
    if disturb is replace_workers:
        assert [client.missing for client in clients if client.carriage.end is End.READ and client.missing] == []
    assert eventually(lambda: is_at_rest(workers))

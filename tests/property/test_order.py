"""In any order in which packets come and clients leave, in one turn of the loop or many, all clients get their own answers in order."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any

import pytest
import uvicorn
from hypothesis import example, given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

import bento
from bento.adapters import ArrayAdapter, JsonAdapter
from bento.serving import App
from bento.serving.http.fast import FastLane
from bento.serving.http.protocol import FastProtocol
from bento.serving.http.recess import Recess
from client import post
from pressing import times

# This many requests of a new connection begin at once.
FEW = 4


class Doubling(bento.Service):
    """Doubles the numbers of each request."""

    @bento.api(input=ArrayAdapter(shape=(None,), dtype="int64"), output=ArrayAdapter(), batch=bento.Batch(size=4))
    def double(self, rows):
        return rows * 2


class Wide(bento.Service):
    """Takes all waiting requests at once."""

    @bento.api(input=ArrayAdapter(shape=(None,), dtype="int64"), output=ArrayAdapter(), batch=True)
    def double(self, rows):
        return rows * 2


class OnTheLoop(bento.Service):
    """Runs on the loop, because a busy loop would hold up a thread."""

    @bento.api(input=ArrayAdapter(shape=(None,), dtype="int64"), output=ArrayAdapter(), batch=True)
    async def double(self, rows):
        return rows * 2


class TextForBytes(bento.Adapter):
    """Writes large values as text, which no lane can send."""

    name = "text-for-bytes"
    media_types = ("text/plain",)

    def decode(self, payload):
        return payload.data

    def encode(self, value, media_type):
        return value * 70_000 if value == "x" else value.encode()


class Texts(bento.Service):
    """Gives back what it gets."""

    calls = 0

    @bento.api(input=JsonAdapter(), output=TextForBytes(), batch=True)
    def text(self, values):
        self.calls += 1
        return values


class Refusing(bento.Service):
    """Refuses each request as too large."""

    @bento.api(input=ArrayAdapter(shape=(None,), dtype="int64"), output=ArrayAdapter(), batch=True)
    def double(self, rows):
        raise bento.TooLarge("too much")


class Transport(asyncio.Transport):
    """Keeps what is written until it is closed; it receives nothing by itself."""

    quiet: socket.socket

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False
        self.reads = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"sockname": ("127.0.0.1", 1), "peername": ("127.0.0.1", 2), "socket": self.quiet}.get(name, default)

    def get_protocol(self) -> None:
        """No protocol that lingers."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closed:
            self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        for data in list_of_data:
            self.write(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The buffer is always empty, so limits do nothing."""

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


@pytest.fixture(scope="module", autouse=True)
def quiet():
    """The socket that transports name as theirs: one of a pair, through which nothing is ever sent."""
    Transport.quiet, other = socket.socketpair()
    with Transport.quiet, other:
        yield


class Event(Enum):
    """What may happen to a connection."""

    ASK = "a request in one packet"
    ASK_IN_PARTS = "a request in two packets"
    ASK_TWICE = "two requests in one packet"
    ASK_SPACED = "a request with blanks that mean nothing"
    ASK_FROM_A_PAGE = "a request that is none for the fast lane"
    ASK_MUCH = "many such requests at once, with bodies full of empty lines"
    REST = "a refusal, after which it rests"
    TURN = "a turn of the loop"
    LEAVE = "its client leaves"
    LAST_CALL = "the server will end"
    SHUTDOWN = "the server ends"


@dataclass
class Client:
    """One connection, and the numbers that it has asked for."""

    protocol: FastProtocol
    transport: Transport
    asked: list[int]
    left: bool = False
    is_from_a_page: bool = False
    has_rested: bool = False

    def happen(self, event: Event, number: int) -> None:
        """Make an event happen; a client that has left, or whose last answer is on its way, asks nothing more."""
        if self.left or self.transport.closed or (self.protocol.ending and len(self.answers) < len(self.asked)):
            return
        if event is Event.LEAVE:
            self.left = self.transport.closed = True
            self.protocol.connection_lost(None)
        elif event is Event.SHUTDOWN:
            self.protocol.shutdown()
        elif event is Event.LAST_CALL:
            self.protocol.last_call()
        elif event is Event.REST:
            self.has_rested = True
            Recess().add([self.protocol])
        else:
            self._ask(event, number)

    def _ask(self, event: Event, number: int) -> None:
        request = post("/double", b"[%d]" % number)
        if event in {Event.ASK_FROM_A_PAGE, Event.ASK_MUCH}:
            self._ask_from_a_page(range(number, number + (50 if event is Event.ASK_MUCH else 1)))
        elif event is Event.ASK:
            self.asked.append(number)
            self.protocol.data_received(request)
        elif event is Event.ASK_IN_PARTS:
            self.asked.append(number)
            self.protocol.data_received(request[:40])
            self.protocol.data_received(request[40:])
        elif event is Event.ASK_SPACED:
            self.asked.append(number)
            self.protocol.data_received(b"\r\n" * (number % 3) + request.replace(b": ", b":" + b" " * (1 + number % 4)))
        elif event is Event.ASK_TWICE:
            self.asked += [number, number]
            self.protocol.data_received(request + request)

    def _ask_from_a_page(self, numbers: range) -> None:
        self.asked += numbers
        self.is_from_a_page = True
        bodies = [b"[%d]" % number + b"\r\n\r\n" * (number % 100) for number in numbers]
        self.protocol.data_received(b"".join(post("/double", body, origin="http://127.0.0.1") for body in bodies))

    @property
    def answers(self) -> list[int]:
        return [int(number) for number in re.findall(rb"\r\n\r\n\[(\d+)\]", self.transport.written)]

    @property
    def closing(self) -> list[bool]:
        """For each answer, whether it says that it is the last."""
        return [b"connection: close" in answer for answer in self.transport.written.split(b"HTTP/1.1 ")[1:]]


async def answered(clients: list[Client]) -> None:
    """Wait until all clients that have not left are answered."""
    async with asyncio.timeout(30):
        while not all(client.left or len(client.answers) == len(client.asked) for client in clients):
            await asyncio.sleep(0)


async def connect(service: bento.Service, count: int) -> tuple[App, list[Client]]:
    """A service on the fast lane, and this many connections to it."""
    app: App = bento.app(service)
    await app.lifecycle.start()
    config = uvicorn.Config(app, http="httptools", ws="none", log_config=None, lifespan="off")
    config.load()
    lane, state = FastLane(app), ServerState()
    clients = [Client(lane.protocol(config, state, {}), Transport(), []) for _ in range(count)]
    for client in clients:
        client.protocol.connection_made(client.transport)
    return app, clients


async def ask_all(events: list[tuple[int, Event]], count: int) -> tuple[list[Client], str]:
    """The clients once everything is answered, and the page of metrics."""
    app, clients = await connect(Doubling(), count)
    for client in clients:
        client.happen(Event.ASK, 100)
    await answered(clients)
    for number, (place, event) in enumerate(events, 101):
        if event is Event.TURN:
            await asyncio.sleep(0)
        else:
            clients[place % count].happen(event, number)
    await answered(clients)
    await asyncio.wait_for(app.lifecycle.stop(), 10)
    for client in clients:
        if not client.left:
            client.protocol.connection_lost(None)
    assert app.lifecycle.room.taken == 0
    return clients, app.lifecycle.metrics.exposition()[0].decode()


def figure(page: str, name: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(name))


@settings(max_examples=times(100, 1000), deadline=None)
@given(events=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(Event)), max_size=30), count=st.integers(1, 10))
@example(events=[(0, Event.ASK), (0, Event.REST), (0, Event.ASK), (0, Event.SHUTDOWN)], count=1)
@example(
    events=[(0, Event.ASK), (0, Event.TURN), (0, Event.TURN), *[(place, Event.ASK) for place in range(4)], (0, Event.SHUTDOWN)], count=8
)
def test_all_clients_get_their_own_answers_in_order(events, count):
    clients, page = asyncio.run(ask_all(events, count))
    for client in clients:
        expected = [2 * number for number in client.asked]
        answers = client.answers
        assert answers == (expected[: len(answers)] if client.left else expected)
        assert not any(client.closing[:-1])
    assert figure(page, "bento_requests_in_flight") == 0
    unseen = figure(page, 'bento_requests_total{api="double",status="200"}') - sum(len(client.answers) for client in clients)
    # On the ordinary lane, a client may leave after its answer is made and before it is written.
    assert 0 <= unseen <= sum(client.left and client.is_from_a_page for client in clients)
    # A request that waits behind others, or for the end of its client's rest, never begins if the client leaves.
    counted = figure(page, "bento_requests_total")
    assert sum(len(client.asked) for client in clients if not client.left) <= counted <= sum(len(client.asked) for client in clients)
    waited = [client for client in clients if client.left and (client.is_from_a_page or client.has_rested or len(client.asked) > FEW)]
    assert counted == sum(len(client.asked) for client in clients) or waited


def test_many_requests_of_two_turns_share_a_batch_and_a_few_do_not_wait():
    async def batches(*asking: int) -> float:
        app, clients = await connect(Wide(), sum(asking))
        for client in clients:
            client.happen(Event.ASK, 1)
        await answered(clients)
        before = figure(app.lifecycle.metrics.exposition()[0].decode(), "bento_batch_rows_count")
        waiting = iter(clients)
        for count in asking:
            for client in islice(waiting, count):
                client.happen(Event.ASK, 2)
            await asyncio.sleep(0)
        await answered(clients)
        after = figure(app.lifecycle.metrics.exposition()[0].decode(), "bento_batch_rows_count")
        await asyncio.wait_for(app.lifecycle.stop(), 10)
        return after - before

    assert asyncio.run(batches(8, 8)) == 1
    assert asyncio.run(batches(1, 8)) == 2


def test_the_first_client_does_not_wait_long_for_others_while_the_loop_is_busy():
    async def asked_when_the_first_is_answered() -> int:
        app, clients = await connect(OnTheLoop(), 240)
        for client in clients:
            client.happen(Event.ASK, 1)
        await answered(clients)
        others = iter(clients)
        first = clients[0]
        asked = 0
        while len(first.answers) < 2 and asked < len(clients):
            for client in islice(others, 4):
                client.happen(Event.ASK, 2)
            asked += 4
            turn_ends = time.monotonic() + 0.001
            while time.monotonic() < turn_ends:
                pass
            await asyncio.sleep(0)
        await answered(clients[:asked])
        await asyncio.wait_for(app.lifecycle.stop(), 10)
        return asked

    assert asyncio.run(asked_when_the_first_is_answered()) < 120


def test_an_adapter_that_does_not_write_bytes_fails_only_its_own_request():
    async def ask() -> list[list[bytes]]:
        app, clients = await connect(Texts(), 3)
        for client, body in zip(clients, (b'"a"', b'"x"', b'"b"'), strict=True):
            client.protocol.data_received(post("/text", body))
        async with asyncio.timeout(30):
            while not all(client.transport.written for client in clients):
                await asyncio.sleep(0)
        assert figure(app.lifecycle.metrics.exposition()[0].decode(), "bento_requests_in_flight") == 0
        await asyncio.wait_for(app.lifecycle.stop(), 10)
        return [re.findall(rb"HTTP/1.1 (\d+)", client.transport.written) for client in clients]

    assert asyncio.run(ask()) == [[b"200"], [b"500"], [b"200"]]


def test_reading_from_a_client_resumes_even_if_the_server_is_about_to_end():
    async def read_again() -> list[bool]:
        app, (slow,) = await connect(Doubling(), 1)
        slow.protocol.pause_writing()
        slow.protocol.last_call()
        before = slow.transport.reads
        slow.protocol.resume_writing()
        await asyncio.wait_for(app.lifecycle.stop(), 10)
        return [before, slow.transport.reads]

    assert asyncio.run(read_again()) == [False, True]


@pytest.mark.parametrize("end", [None, Event.LAST_CALL, Event.SHUTDOWN])
def test_a_client_that_was_refused_is_read_again_after_a_rest_but_not_far_ahead(end):
    async def rest() -> list[Any]:
        app, (client,) = await connect(Doubling(), 1)
        client.happen(Event.ASK, 1)
        await answered([client])
        client.happen(Event.REST, 0)
        client.happen(Event.ASK, 2)
        if end:
            client.happen(end, 0)
        for _ in range(5):
            await asyncio.sleep(0)
        seen: list[Any] = [list(client.answers), client.transport.reads]
        client.asked.append(3)
        client.protocol.data_received(post("/double", b"[3]"))
        seen.append(client.transport.reads)
        await answered([client])
        await asyncio.wait_for(app.lifecycle.stop(), 10)
        return [*seen, client.answers, client.transport.reads, client.transport.closed, client.closing]

    heard, is_read, is_read_further, answers, is_read_again, is_closed, closing = asyncio.run(rest())
    assert (heard, is_read, is_read_further, is_read_again) == ([2], True, False, True)
    assert answers == [2, 4, 6]
    assert is_closed is closing[-1] is (end is not None)
    assert closing[:-1] == [False, False]


def test_a_request_that_came_during_a_rest_is_not_answered_after_the_last_answer():
    async def rest() -> list[int]:
        app, (client,) = await connect(Refusing(), 1)
        for number, event in enumerate([Event.ASK, Event.REST, Event.ASK]):
            client.happen(event, number)
        async with asyncio.timeout(30):
            while not client.transport.closed:
                await asyncio.sleep(0)
        await asyncio.wait_for(app.lifecycle.stop(), 10)
        return [client.transport.written.count(part) for part in (b"HTTP/1.1 413 ", b"connection: close")]

    assert asyncio.run(rest()) == [1, 1]

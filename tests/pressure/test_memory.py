"""A server keeps nothing of requests that are over, and takes no more than a limited amount of memory for the others."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from client import Connection, post, request
from running import Server, eventually

MEGABYTE = 1 << 20


def test_the_memory_of_a_body_is_freed_as_soon_as_the_request_is_answered(server):
    """Nothing may fail. The connection stays open, so memory that it held would show, and no full garbage collection is due."""
    body = post("/size", bytes(40 * MEGABYTE), "application/octet-stream")
    with Connection(server.port) as connection:
        connection.ask(body)
        before = server.memory()
        for _ in range(3):
            assert connection.ask(body).body == str(40 * MEGABYTE).encode()
        assert eventually(lambda: server.memory() - before < 20 * MEGABYTE)


def test_a_body_that_is_only_announced_takes_no_memory(server):
    """Nothing may fail. Clients announce ten times as much as the limit of all bodies."""
    small = post("/size", b"whole", "application/octet-stream")
    with ExitStack() as stack:
        other = stack.enter_context(Connection(server.port))
        assert other.ask(small).body == b"5"
        before = server.memory()
        for _ in range(100):
            connection = stack.enter_context(Connection(server.port))
            connection.send(post("/size", b"begun", "application/octet-stream", content_length=str(100 * MEGABYTE)))
        assert other.ask(small).body == b"5"
        assert server.memory() - before < 20 * MEGABYTE


def chunked(path: str, body: bytes) -> bytes:
    head = request("POST", path, content_length=None, transfer_encoding="chunked")
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


FROM_A_PAGE = "http://127.0.0.1"
AHEAD = {
    "pages": [request("GET", "/livez", x_request_id=f"{number}") for number in range(8000)],
    "short requests": [b"GET /livez HTTP/1.1\r\n\r\n"] * 20_000,
    "bodies full of empty lines": [post("/size", b"\r\n\r\n" * 5000, "text/plain", origin=FROM_A_PAGE) for _ in range(100)],
    "plain requests": [post("/echo", x_request_id=f"{number}") for number in range(8000)],
}


@pytest.mark.parametrize("origin", [None, FROM_A_PAGE], ids=["behind the fast lane", "behind the ordinary lane"])
@pytest.mark.parametrize("asked", AHEAD.values(), ids=AHEAD)
def test_requests_that_a_client_sends_far_ahead_take_little_more_memory_than_their_bytes(server, asked, origin):
    """Nothing may fail or overtake, however much one connection has sent before its first answer."""
    before = memory_once_it_has_answered(server)
    with Connection(server.port) as connection, sending(connection, post("/later", b"0.5", origin=origin) + b"".join(asked)):
        highest = max(server.memory() for _ in until_it_comes(connection))
        answers = [connection.answer() for _ in [b"", *asked]]
    assert {answer.status for answer in answers} == {200}
    numbers = [answer.headers["x-request-id"] for answer in answers[1:] if len(answer.headers["x-request-id"]) < 6]
    assert numbers == [f"{number}" for number in range(len(numbers))]
    assert highest - before < 5 * MEGABYTE


def test_a_body_behind_other_requests_is_not_read_before_its_turn(server):
    """Answers ahead of the body leave one by one, and none of them lets more of the body in."""
    before = memory_once_it_has_answered(server)
    with Connection(server.port) as connection:
        # The last request ahead takes until memory has been measured for the last time.
        ahead = post("/later", b"0.02", origin=FROM_A_PAGE) * 29 + post("/later", b"1.0", origin=FROM_A_PAGE)
        with sending(connection, ahead + chunked("/size", bytes(40 * MEGABYTE))):
            highest = max(server.memory() for _ in range(29) if connection.answer().status == 200)
            assert [connection.answer().body, connection.answer().body] == [b"1.0", b"%d" % (40 * MEGABYTE)]
    assert highest - before < 5 * MEGABYTE


def memory_once_it_has_answered(server: Server) -> int:
    """The memory of a server that has imported what both lanes need; if Python has to compile that first, it takes megabytes."""
    with Connection(server.port) as connection:
        for asked in (post("/later", b"0"), post("/later", b"0", origin=FROM_A_PAGE), chunked("/size", b"x"), request("GET", "/livez")):
            assert connection.ask(asked).status == 200
    return server.memory()


@contextmanager
def sending(connection: Connection, data: bytes) -> Iterator[None]:
    """Send in a thread while the block runs."""
    thread = threading.Thread(target=connection.send, args=(data,))
    thread.start()
    yield
    thread.join()


def until_it_comes(connection: Connection) -> Iterator[None]:
    """Yield every few milliseconds until there is an answer."""
    while not select.select([connection.socket], [], [], 0.01)[0]:
        yield


def whole(path: str, body: bytes) -> bytes:
    return post(path, body, "application/octet-stream")


@pytest.mark.parametrize("form", [whole, chunked])
def test_many_large_bodies_at_once_take_no_more_memory_than_is_allowed(limited, form, monkeypatch):
    """Bodies beyond the limit of all bodies are refused with 503 and may come back; none is reset, and none waits without end."""
    # With this threshold the allocator returns freed memory; otherwise it keeps as much as it once needed.
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", f"{MEGABYTE}")
    asked = form("/size", bytes(8 * MEGABYTE))
    with limited(body=10 * MEGABYTE, bodies=20 * MEGABYTE) as server:
        port = server.port  # once the server has its port, it has taken all the memory that it needs for itself
        before = highest = server.memory()
        with ExitStack() as stack:
            connections = [stack.enter_context(Connection(port)) for _ in range(20)]
            for _ in send_evenly(connections, asked):
                highest = max(highest, server.memory())
            answers = [connection.answer() for connection in connections]
    assert {answer.status for answer in answers} == {200, 503}
    assert {answer.headers.get("retry-after") for answer in answers if answer.status == 503} == {"1"}
    # All bodies together have 160 megabytes.
    assert highest - before < 100 * MEGABYTE


def send_evenly(connections: list[Connection], data: bytes) -> Iterator[None]:
    """Send to all connections at the same time, a piece at a time."""
    sent = dict.fromkeys(connections, 0)
    for connection in connections:
        connection.socket.setblocking(False)
    while sent:
        for connection, start in list(sent.items()):
            with suppress(BlockingIOError):
                sent[connection] += connection.socket.send(data[start : start + 256 * 1024])
            if sent[connection] == len(data):
                connection.socket.settimeout(30)
                del sent[connection]
        yield

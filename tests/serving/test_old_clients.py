"""Clients that speak HTTP/1.0: they know no chunks, and the end of a connection is the end of an answer."""

from __future__ import annotations

import pytest

from client import Connection, post, request
from running import eventually, started

SERVICE = """
import bento
from bento.adapters import JsonAdapter

class Counting(bento.Service):
    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def echo(self, value):
        return value

    @bento.api(input=JsonAdapter())
    def count(self, value):
        yield from range(value)
        if value == 3:
            raise RuntimeError("the secret of the inside")

    @bento.api(input=JsonAdapter(), timeout=1.0)
    def pour(self, value):
        for _ in range(value):
            yield "x" * 100_000

service = Counting()
"""


@pytest.fixture
def server(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    with started(tmp_path) as server:
        yield server


def old(data: bytes) -> bytes:
    return data.replace(b"HTTP/1.1", b"HTTP/1.0")


def whole(connection: Connection, data: bytes) -> tuple[list[str], str]:
    """The lines of an answer's head, and its body: all that comes until the server closes."""
    connection.send(data)
    head, _, body = connection.socket.makefile("rb").read().decode().partition("\r\n\r\n")
    return head.lower().split("\r\n"), body


@pytest.mark.parametrize("keep", [None, "keep-alive"])
def test_a_stream_is_sent_as_it_is_and_ends_with_its_connection(server, keep):
    with Connection(server.port) as connection:
        head, body = whole(connection, old(post("/count", b"2", connection=keep)))
    assert (head[0], body) == ("http/1.1 200 ok", "0\n1\n")
    assert head.count("connection: close") == 1
    assert not [line for line in head if line.startswith(("transfer-encoding", "content-length"))]


def test_a_stream_that_fails_says_so_in_its_last_line(server):
    with Connection(server.port) as connection:
        _, body = whole(connection, old(post("/count", b"3")))
    assert body.startswith('0\n1\n2\n{"error":{')


def test_a_stream_that_breaks_off_does_not_look_whole(server):
    with Connection(server.port, receive_buffer=4096) as slow:
        slow.send(old(post("/pour", b"1000")))
        assert eventually(lambda: server.figure('bento_requests_total{api="pour",status="499"}') == 1)
        with pytest.raises(ConnectionResetError):
            slow.socket.makefile("rb").read()


def test_a_client_that_leaves_a_stream_is_not_a_fault(server):
    with Connection(server.port, receive_buffer=4096) as leaving:
        leaving.send(old(post("/pour", b"1000")))
        assert leaving.socket.recv(1)
    assert eventually(lambda: server.figure('bento_requests_total{api="pour",status="499"}') == 1)
    assert server.stop() == 0
    assert "rror" not in server.said


@pytest.mark.parametrize("asked", [post("/echo", b"[1]"), request("GET", "/livez"), request("HEAD", "/"), post("/nowhere")])
def test_an_answer_whose_length_is_known_states_its_length(server, asked):
    with Connection(server.port) as connection:
        head, body = whole(connection, old(asked))
    assert "connection: close" in head
    length = [int(line.partition(": ")[2]) for line in head if line.startswith("content-length")]
    assert length == [len(body)] or asked.startswith(b"HEAD")
    assert len(length) == 1

"""A client that sends hundreds of requests, unusual ones among them, before it gets its first answer."""

from __future__ import annotations

import time

import pytest

from client import HOST, Connection, post, request
from running import eventually

FROM_A_PAGE = f"http://{HOST}"
PAGE = request("GET", "/livez")
OFFER = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2_settings": "AAMAAABkAAQAoAAAAAIAAAAA"}
FIRST = pytest.mark.parametrize("first", [post("/later", b"0.2"), post("/later", b"0.2", origin=FROM_A_PAGE)], ids=["fast", "ordinary"])


def statuses(connection: Connection, count: int) -> set[int]:
    return {connection.answer().status for _ in range(count)}


@FIRST
def test_a_malformed_request_far_behind_others_is_refused_in_its_turn(server, first):
    with Connection(server.port) as connection:
        connection.send(first + PAGE * 300 + b"NONSENSE\r\n\r\n" + PAGE * 300)
        assert statuses(connection, 301) == {200}
        refusal = connection.answer()
        assert (refusal.status, refusal.headers["connection"]) == (400, "close")
        assert connection.is_closed()


@FIRST
def test_offers_to_switch_protocols_far_behind_other_requests_are_ignored(server, first):
    offers = [post("/echo", b"%d" % number, **OFFER) + request("GET", "/livez", **OFFER) for number in range(200)]
    with Connection(server.port) as connection:
        connection.send(first + b"".join(offers))
        assert connection.answer().body == b"0.2"
        answers = [connection.answer().body for _ in range(400)]
    assert answers[::2] == [b"%d" % number for number in range(200)]
    assert answers[1::2] == [b"alive\n"] * 200


@FIRST
def test_bodies_far_behind_other_requests_are_read_wherever_packets_end(server, first):
    bodies = [b"%d" % number + b"\r\n\r\n" * number for number in range(300)]
    with Connection(server.port) as connection:
        connection.send(
            first + b"".join(post("/echo", body, origin=FROM_A_PAGE if number % 3 else None) for number, body in enumerate(bodies))
        )
        assert connection.answer().body == b"0.2"
        assert [connection.answer().body for _ in bodies] == [body.strip() for body in bodies]


def test_a_plain_request_behind_many_ordinary_ones_waits_for_its_turn(server):
    with Connection(server.port) as connection:
        connection.send(PAGE * 200 + post("/echo", b'"plain"') + PAGE * 200)
        answers = [connection.answer().body for _ in range(401)]
    assert answers == [b"alive\n"] * 200 + [b'"plain"'] + [b"alive\n"] * 200


SHORT = b"GET /livez HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("count", [53, 200])
def test_time_in_which_headers_are_not_read_does_not_count_as_time_for_headers(limited, count):
    """The server parses short requests up to the middle of one. With 53 requests, that one is not whole when reading goes on."""
    with limited(head_seconds=1.0) as server, Connection(server.port) as connection:
        connection.send(post("/later", b"1.5", origin=FROM_A_PAGE) + SHORT * count + SHORT[:-10])
        assert statuses(connection, 1 + count) == {200}
        began = time.monotonic()
        assert connection.answer().status == 408
        assert time.monotonic() - began > 0.3


def test_most_requests_of_a_client_that_has_left_never_begin(server):
    with Connection(server.port) as leaving:
        leaving.send(post("/sleep", b"0.05", origin=FROM_A_PAGE) * 500)
        assert leaving.answer().status == 200
    assert eventually(lambda: server.figure('bento_requests_in_flight{api="sleep"}') == 0)
    assert len(server.ask("begun_so_far", 0)) < 10
    assert server.stop() == 0
    assert "rror" not in server.said


def test_a_request_for_a_tunnel_is_answered_once(server):
    tunnel = request("GET", "/livez").replace(b"GET", b"CONNECT")
    with Connection(server.port) as connection:
        connection.send(tunnel + PAGE)
        assert [connection.answer().status, connection.answer().status] == [405, 200]
    assert "rror" not in server.said

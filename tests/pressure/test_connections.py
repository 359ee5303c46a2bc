"""Connections whose clients send half a request, or far too many, or do not read."""

from __future__ import annotations

import json
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from client import Connection, post, request, watching
from running import eventually

MEGABYTE = 1 << 20
LANES = pytest.mark.parametrize("origin", [None, "http://127.0.0.1"], ids=["fast lane", "ordinary lane"])
HALF_A_HEAD = b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


def detail(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    return answer.body.decode().partition('"detail":"')[2].partition('"')[0]


@pytest.mark.parametrize("trickles", [False, True])
def test_a_connection_whose_headers_do_not_come_in_time_is_closed(limited, trickles):
    """Fifty clients that never finish a request's headers get 408, even if they go on sending; nobody else notices."""
    with limited(head_seconds=0.5) as server, ExitStack() as stack:
        slow = [stack.enter_context(Connection(server.port)) for _ in range(50)]
        for connection in slow:
            connection.send(HALF_A_HEAD)
        over = threading.Event()
        if trickles:
            stack.callback(trickle(slow, over).join)
            stack.callback(over.set)
        with watching(server.port, post("/echo")) as took:
            answers = [connection.answer() for connection in slow]
            assert all(connection.is_closed() for connection in slow)
    assert {(answer.status, detail(answer)) for answer in answers} == {(408, "the headers did not arrive within 0.5 seconds")}
    assert took.percentile(50) < 0.1


def trickle(connections: list[Connection], over: threading.Event) -> threading.Thread:
    """Send each of them a byte now and then."""

    def send() -> None:
        while not over.wait(0.05):
            for connection in connections:
                try:
                    connection.send(b"a")
                except OSError:
                    return

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_an_idle_connection_is_closed(limited):
    """A connection that never asked is closed, and so is one that asked long ago; one that goes on asking stays open."""
    with limited(keep_alive_seconds=1.0) as server, Connection(server.port) as silent, Connection(server.port) as silenced:
        assert silenced.ask(post("/echo")).status == 200
        with Connection(server.port) as active:
            end = time.monotonic() + 2.0
            while time.monotonic() < end:
                assert active.ask(post("/echo")).status == 200
            assert silent.is_closed()
            assert silenced.is_closed()
            assert active.ask(request("GET", "/livez")).status == 200


def test_a_request_that_takes_longer_than_a_connection_may_be_idle_is_answered(limited):
    """Nothing may fail: a client that waits for an answer is not idle, on either lane."""
    limits = {"idle_seconds": 1.0, "head_seconds": 1.0, "keep_alive_seconds": 1.0}
    with limited(**limits) as server, Connection(server.port) as fast, Connection(server.port) as ordinary:
        fast.send(post("/later", b"2.0"))
        ordinary.send(post("/later", b"2.0", origin="http://127.0.0.1"))
        assert [fast.answer().status, ordinary.answer().status] == [200, 200]


@pytest.mark.parametrize("begun", [0, 40], ids=["an idle connection", "half a request"])
def test_a_request_that_comes_while_the_server_is_suspended_is_in_time(limited, begun):
    """The request waits in the kernel for longer than a connection may be idle or headers may take, and is answered all the same."""
    asked = post("/echo")
    with limited(idle_seconds=1.0, head_seconds=1.0) as server, Connection(server.port) as connection, Connection(server.port) as other:
        assert connection.ask(asked).status == 200
        connection.send(asked[:begun])
        # By then the server has looked at it.
        assert other.ask(post("/later", b"0.4")).status == 200
        server.process.send_signal(signal.SIGSTOP)
        connection.send(asked[begun:])
        # Nothing may happen meanwhile, so there is no event to wait for.
        time.sleep(1.5)
        server.process.send_signal(signal.SIGCONT)
        assert connection.answer().status == 200


@LANES
def test_a_body_that_does_not_come_is_504_at_the_deadline(server, origin):
    """Only the slow client fails, and in time, however many bytes it goes on sending."""
    with Connection(server.port) as connection:
        started = time.monotonic()
        connection.send(post("/hurried", b"[" + b" " * 50, origin=origin, content_length="1000"))
        over = threading.Event()
        sending = trickle([connection], over)
        answer = connection.answer()
        over.set()
        sending.join()
        assert (answer.status, time.monotonic() - started < 1.5) == (504, True)
    assert b"the body did not arrive within 0.3 seconds" in answer.body


ENDLESS = {
    "a header": HALF_A_HEAD,
    "a path": b"POST /",
    "headers": HALF_A_HEAD + b"a\r\n",
    "an extension of a chunk": request("POST", "/echo", content_length=None, transfer_encoding="chunked") + b"1;",
    "trailers": request("POST", "/echo", content_length=None, transfer_encoding="chunked") + b"1\r\n1\r\n0\r\nX-Trailer: ",
}


@pytest.mark.parametrize("start", ENDLESS.values(), ids=ENDLESS.keys())
def test_endless_parts_of_a_request_other_than_its_body_are_refused(server, start):
    """The request is refused, with 431, before it has cost memory; its client may still be sending."""
    with Connection(server.port) as connection:
        connection.send(start)
        before = server.memory()
        for _ in range(300):
            connection.send(b"a: b\r\n" * 10_000 if start.endswith(b"a\r\n") else b"a" * 60_000)
        assert connection.answer().status == 431
        assert server.memory() - before < 20 * MEGABYTE


@LANES
def test_a_client_that_reads_nothing_costs_no_more_than_a_few_answers(limited, origin):
    """Two thousand requests on one connection for ten megabytes each: those that its client does not read are not worked on."""
    with limited(idle_seconds=1.5) as server, Connection(server.port, receive_buffer=4096) as deaf:
        before = server.memory()
        deaf.send(post("/megabytes", b"10", origin=origin) * 2000)
        assert eventually(lambda: server.memory() - before > 10 * MEGABYTE)
        with watching(server.port, post("/echo")) as took:
            # The connection is closed once its client has read nothing for as long as a connection may be idle.
            assert eventually(lambda: server.memory() - before < 10 * MEGABYTE)
        assert server.figure('bento_requests_total{api="megabytes",status="200"}') < 10
    assert took.percentile(50) < 0.1


def test_a_slow_reader_gets_its_whole_answer(limited):
    """Nothing may fail as long as something is read now and then."""
    with limited(idle_seconds=1.0) as server, Connection(server.port, receive_buffer=4096) as slow:
        slow.send(post("/megabytes", b"1"))
        received = 0
        while received < MEGABYTE:
            received += len(slow.socket.recv(65536))
            time.sleep(0.005)


def test_a_stalled_reader_of_a_stream_does_not_keep_its_turn(server):
    """Streams of a `def` take turns. One whose client stopped reading ends at its deadline, and the next begins."""
    with Connection(server.port, receive_buffer=4096) as deaf, Connection(server.port) as other:
        deaf.send(post("/stream", b"1000"))
        assert eventually(lambda: server.figure('bento_requests_in_flight{api="stream"}') == 1)
        answers = []
        for _ in range(10):
            answers.append(other.ask(post("/stream", b"1")))
            if answers[-1].status == 200:
                break
        assert len(answers[-1].body) > 100_000


def test_answers_leave_in_the_order_of_their_requests_over_both_lanes(server):
    """Six hundred requests sent at once, slow and quick ones, on both lanes, and some for pages: nothing may fail or overtake."""
    asked = [
        post("/echo", b"%d"),
        post("/later", b"0.0%d1"),
        post("/echo", b"%d", origin="http://127.0.0.1"),
        request("GET", "/livez?%d"),
        post("/nowhere", b"%d"),
        post("/echo", b"{%d"),
    ]
    with Connection(server.port) as connection:
        sent = [form for number in range(100) for form in asked]
        filled = [form % (number % 3) if b"%d" in form else form for number, form in enumerate(sent)]
        sending = threading.Thread(target=connection.send, args=(b"".join(with_length(form) for form in filled),))
        sending.start()
        answers = [connection.answer() for _ in filled]
        sending.join()
    expected = [200, 200, 200, 200, 404, 400] * 100
    assert [answer.status for answer in answers] == expected
    bodies = [form.rpartition(b"\r\n\r\n")[2] for form in filled]
    assert all(answer.body == body for answer, body in zip(answers[::6], bodies[::6], strict=True))


def test_small_requests_that_one_client_sends_ahead_share_a_batch(server):
    """The first request is asked alone, because the size of answers is known only after it; a new connection is read more carefully."""
    with Connection(server.port) as connection:
        connection.send(post("/double", b"[0.5]"))
        assert connection.answer().body == b"[1.0]"
        connection.send(b"".join(post("/double", b"[%d]" % number) for number in range(40)))
        answers = [connection.answer() for _ in range(40)]
    assert [answer.body for answer in answers] == [b"[%d.0]" % (2 * number) for number in range(40)]
    assert max(int(answer.headers["server-timing"].split('"')[1]) for answer in answers) > 10


def with_length(data: bytes) -> bytes:
    """The same request with the length that its body has now."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*lines, b"content-length: %d" % len(body), b"", body])


@pytest.mark.parametrize("malformed", [b"NONSENSE\r\n\r\n", request("GET", "http://:80")], ids=["the request", "its target"])
def test_a_malformed_request_does_not_overtake_the_request_ahead_of_it(server, malformed):
    """The request ahead is answered first, on either lane; the malformed one is 400, and nothing behind it is answered."""
    for origin in (None, "http://127.0.0.1"):
        with Connection(server.port) as connection:
            connection.send(post("/later", b"0.2", origin=origin) + malformed + post("/echo"))
            assert connection.answer().body == b"0.2"
            refusal = connection.answer()
            assert (refusal.status, detail(refusal)) == (400, "the request is malformed: expected HTTP/1.1")
            assert connection.is_closed()


def test_an_ordinary_request_between_a_plain_one_and_a_malformed_one_is_answered(server):
    """Each request is answered in its turn, and then the connection ends."""
    with Connection(server.port) as connection:
        connection.send(post("/later", b"0.2") + request("GET", "/livez") + b"NONSENSE\r\n\r\n")
        assert [connection.answer().body, connection.answer().body] == [b"0.2", b"alive\n"]
        assert connection.answer().status == 400
        assert connection.is_closed()


def test_a_body_that_begins_before_the_answer_ahead_was_read_is_read_whole(server):
    """The server stops reading from a client that does not read; once the client reads, the rest of its next request is read as well."""
    body = bytes(MEGABYTE)
    second = post("/size", body)
    with Connection(server.port) as connection:
        connection.send(post("/megabytes", b"30") + second[: len(second) - MEGABYTE + 20_000])
        assert eventually(lambda: server.figure('bento_requests_total{api="megabytes",status="200"}') >= 1)
        assert len(connection.answer().body) == 30 * MEGABYTE
        connection.send(second[len(second) - MEGABYTE + 20_000 :])
        assert connection.answer().body == b"%d" % MEGABYTE


def test_the_time_that_a_client_allows_for_its_request_holds_for_its_body_too(server):
    """This holds on either lane; chunks take the ordinary one."""
    for head in (
        post("/size", b"x", content_length="100000", request_timeout="0.2"),
        request("POST", "/size", content_length=None, transfer_encoding="chunked", request_timeout="0.2") + b"1\r\nx\r\n",
    ):
        with Connection(server.port) as connection:
            answer = connection.ask(head)
        assert (answer.status, detail(answer)) == (504, "the body did not arrive within 0.2 seconds")


@pytest.mark.parametrize(
    ("status", "rest"),
    [
        (504, {"content_length": "100000", "request_timeout": "0.2"}),
        (504, {"content_length": "100000", "request_timeout": "0.2", "origin": "http://127.0.0.1"}),
        (400, {"content_length": None, "transfer_encoding": "chunked"}),
    ],
    ids=["late, on the fast lane", "late, on the ordinary lane", "chunks that are none"],
)
def test_a_refusal_after_a_whole_head_has_the_clients_request_id(server, status, rest):
    with Connection(server.port) as connection:
        connection.send(post("/size", b"none\r\n", x_request_id="mine", **rest))
        answer = connection.answer()
    assert (answer.status, answer.headers["x-request-id"], json.loads(answer.body)["request_id"]) == (status, "mine", "mine")


def test_a_refusal_before_the_head_is_whole_has_a_new_request_id(server):
    with Connection(server.port) as connection:
        assert connection.ask(post("/echo", b"1", x_request_id="mine")).headers["x-request-id"] == "mine"
        connection.send(b"POST / HTTP/1.1\r\nX-Request-Id: mine\r\nno header\r\n\r\n")
        answer = connection.answer()
    assert answer.status == 400
    assert json.loads(answer.body)["request_id"] == answer.headers["x-request-id"] != "mine"


REFUSED = {
    "too large": (413, post("/size", content_length=str(200 * MEGABYTE))),
    "too large, in chunks": (413, request("POST", "/size", content_length=None, transfer_encoding="chunked") + b"fffffff\r\n"),
    "a foreign host": (403, post("/size", content_length=str(30 * MEGABYTE), host="evil.example", connection="close")),
    "an unknown path": (404, post("/nowhere", content_length=str(30 * MEGABYTE), connection="close")),
}


@pytest.mark.parametrize(("status", "head"), REFUSED.values(), ids=REFUSED.keys())
def test_a_client_that_is_still_sending_gets_its_refusal(limited, status, head):
    """The connection is not reset while the client sends, so that a client that sends everything first reads its answer, too."""
    with limited(body=20 * MEGABYTE) as server, Connection(server.port) as connection:
        connection.send(head)
        for _ in range(30):
            connection.send(bytes(MEGABYTE))
        assert connection.answer().status == status


def test_an_offer_to_switch_protocols_is_ignored(server):
    """Java's client, and curl with --http2, offer HTTP/2 with every first request: it is answered in HTTP/1.1, and the next one too."""
    offer = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2_settings": "AAMAAABkAAQAoAAAAAIAAAAA"}
    with Connection(server.port) as connection:
        connection.send(post("/echo", b'"first"', **offer) + post("/echo", b'"second"'))
        assert [connection.answer().body, connection.answer().body] == [b'"first"', b'"second"']
        assert connection.ask(request("GET", "/livez", **offer)).body == b"alive\n"
        connection.send(post("/echo", b'"in two ', content_length="15", **offer))
        assert connection.ask(b'pieces"').body == b'"in two pieces"'
    with Connection(server.port) as connection:
        answer = connection.ask(post("/echo", b'"last"', **{**offer, "connection": "close, Upgrade"}))
        assert (answer.body, answer.headers["connection"], connection.is_closed()) == (b'"last"', "close", True)
    with Connection(server.port) as connection:
        assert connection.ask(post("/echo", b'"old"', **offer).replace(b"HTTP/1.1", b"HTTP/1.0")).body == b'"old"'
        assert connection.is_closed()
    assert not [line for line in server.lines if "upgrade" in line.lower()]


def test_a_client_that_asks_again_at_once_after_a_refusal_has_to_wait(server):
    """Refusals that say to come back in seconds take no processor time from the answers: a client gets a few dozen of them in a
    second, not thousands, and is answered as soon as there is room."""
    with ExitStack() as stack:
        # A busy machine may spoil some.
        assert eventually(lambda: server.ask("hurried", 0.2) == 0.2)
        working = [stack.enter_context(Connection(server.port)) for _ in range(3)]
        eager = stack.enter_context(Connection(server.port))

        def is_refused():
            for connection in working:
                connection.send(post("/hurried", b"0.2"))
            return eager.ask(post("/hurried", b"0.2")).status == 503

        assert eventually(is_refused)
        began, refusals = time.monotonic(), 0
        while eager.ask(post("/hurried", b"0")).status == 503:
            refusals += 1
        seconds = time.monotonic() - began
    assert refusals <= 3 + seconds / 0.01
    assert server.ask("echo", 1) == 1


@LANES
def test_work_of_a_client_that_left_never_begins(server, origin):
    """Ten clients ask one after the other, and all but the first leave while they wait: only the first one's work is done."""
    connections = [Connection(server.port) for _ in range(10)]
    for name, connection in enumerate(connections):
        connection.send(post("/passing", b"%d" % name, origin=origin))
        assert eventually(lambda name=name: server.figure('bento_requests_in_flight{api="passing"}') == name + 1)
    for connection in connections[1:]:
        connection.socket.close()
    assert eventually(lambda: server.figure('bento_requests_total{api="passing",status="499"}') == 9)
    server.ask("let_pass", 0)
    assert connections[0].answer().status == 200
    connections[0].socket.close()
    assert eventually(lambda: server.output.count(" POST /passing 499 ") == 9)
    assert server.ask("begun_so_far", 0) == [0]


@LANES
def test_a_client_that_closes_its_sending_direction_has_left(server, origin):
    """Such a client cannot be told from one that is gone, whose work is not done."""
    with Connection(server.port) as connection:
        connection.send(post("/later", b"30", origin=origin))
        assert eventually(lambda: server.figure('bento_requests_in_flight{api="later"}') == 1)
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.is_closed()
    assert eventually(lambda: server.figure('bento_requests_total{api="later",status="499"}') == 1)
    assert server.figure('bento_requests_in_flight{api="later"}') == 0


STAGES = {
    "before the first byte": b"",
    "in the headers": HALF_A_HEAD,
    "before the body": post("/echo", b"", content_length="10"),
    "in the body": post("/echo", b"[1, ", content_length="10"),
    "in a chunk": request("POST", "/echo", content_length=None, transfer_encoding="chunked") + b"ff\r\n[",
    "while the answer is made": post("/sleep", b"0.05"),
    "while the answer is made on the ordinary lane": post("/sleep", b"0.05", origin="http://127.0.0.1"),
    "behind others": post("/sleep", b"0.05") * 5 + post("/sleep", b"0.05", origin="http://127.0.0.1") * 5,
    "in a large answer": post("/megabytes", b"20"),
    "in a stream": post("/stream", b"100"),
}


def test_clients_that_leave_in_any_stage_leave_nothing_behind(server):
    """Clients that stay do not notice; nothing stays open, nothing is logged as a fault, and the server ends as usual."""
    with watching(server.port, post("/echo")) as took:
        for stage in [*STAGES.values()] * 5:
            with Connection(server.port) as connection:
                connection.send(stage)
        assert eventually(lambda: server.figure("bento_requests_in_flight") == 0 and open_requests(server) == 0)
    assert took.percentile(50) < 0.1
    assert server.stop() == 0
    assert not [line for line in server.lines if "Traceback" in line or "rror" in line]


def open_requests(server) -> float:
    return sum(server.figure(f'bento_requests_in_flight{{api="{api}"}}') for api in ("echo", "sleep", "megabytes", "stream"))


def batched(connections: list[Connection], size: int) -> Iterator[list[Connection]]:
    return (connections[start : start + size] for start in range(0, len(connections), size))


def test_ten_thousand_idle_connections_cost_little(server):
    """All stay open, as many as the limit on files allows; each takes less than 16 KB, and a request beside them is as quick as ever."""
    count = 10_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        count = min(count, hard - 500)
        before = server.memory()
        with ExitStack() as stack:
            connections = [stack.enter_context(Connection(server.port)) for _ in range(count)]
            for some in batched(connections, 500):
                for connection in some:
                    connection.send(post("/echo"))
                assert all(connection.answer().status == 200 for connection in some)
            assert server.memory() - before < 16_000 * count
            with watching(server.port, post("/echo")) as took:
                assert all(connection.ask(post("/echo")).status == 200 for connection in connections[:: count // 1000])
            assert took.percentile(50) < 0.1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

"""A stop loses no requests: running ones, ones that come on open connections, and ones on connections that are not accepted yet."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from client import HOST, Answer, Connection, post, request, wait_until_refused
from running import PROGRAM, Server, eventually, started

SERVICE = """
import asyncio, os, threading, time
import bento
from bento.adapters import JsonAdapter

class Worker(bento.Service):
    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def pid(self, value):
        return os.getpid()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def pad(self, value):
        return "x" * 100_000

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def nap(self, value):
        "So many seconds from when the stop has begun."
        wait_for_the_stop("napping")
        time.sleep(value)
        return "rested"

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def freeze(self, value):
        "Holds up the whole process, as no api should."
        wait_for_the_stop(f"frozen-{os.getpid()}")
        time.sleep(value)
        return "thawed"

    @bento.api(input=JsonAdapter())
    async def tick(self, value):
        for number in range(value):
            yield number
            await asyncio.sleep(0.1)

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), timeout=0.2)
    def hang(self, value):
        threading.Event().wait()

def wait_for_the_stop(state):
    open(state, "w").close()
    while not os.path.exists("stopping"):
        time.sleep(0.01)

service = Worker()
"""
# During a stop, a server closes a connection that sends nothing for half a second. On a busy machine this process may wait that long.
PATIENT = f"from bento.serving.calls import limits\nlimits.LAST_CALL_SECONDS = 10.0\n{PROGRAM}"

both = pytest.mark.parametrize("workers", [1, 2])


WATCHING = """
import logging
import bento

@bento.hookimpl
def bento_service_stopped(service):
    logging.info("%s has stopped", type(service).__name__)
"""
UNCLOSED = """
import bento
from bento.adapters import JsonAdapter


class Unclosed(bento.Service):
    def close(self):
        raise OSError("the device does not answer")

    @bento.api(input=JsonAdapter())
    def predict(self, value):
        return value


service = Unclosed()
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    return tmp_path


def ask_until_refused(port: int, answers: Counter[str], per_connection: int, asked: threading.Event) -> None:
    """Ask again and again, on a new connection when the old one ends, until none is accepted any more."""
    while True:
        try:
            connection = Connection(port)
        except OSError:
            return
        with connection:
            for _ in range(per_connection):
                try:
                    answer = connection.ask(post("/pid"))
                except OSError as error:
                    answers[f"lost: {error!r}"] += 1
                    return
                answers[str(answer.status)] += 1
                asked.set()
                if answer.headers.get("connection") == "close":
                    break


def stop_napping(project: Path, server: Server) -> None:
    """Tell a server to stop during a nap, and end the nap once the stop has begun."""
    assert eventually((project / "napping").exists)
    server.process.send_signal(signal.SIGTERM)
    wait_until_refused(server.port)
    (project / "stopping").touch()


@both
@pytest.mark.parametrize("per_connection", [1, 1_000_000], ids=["a connection for each request", "keep-alive"])
def test_no_accepted_request_is_lost_when_a_server_stops_under_load(project, workers, per_connection):
    with started(project, workers=workers, access_log=False) as server:
        answers: Counter[str] = Counter()
        asked = [threading.Event() for _ in range(16)]
        clients = [threading.Thread(target=ask_until_refused, args=(server.port, answers, per_connection, event)) for event in asked]
        for client in clients:
            client.start()
        for event in asked:
            assert event.wait(20)
        assert server.stop() == 0
        for client in clients:
            client.join()
    assert set(answers) == {"200"}


@both
def test_connections_that_are_not_accepted_yet_are_answered_before_the_server_ends(project, workers):
    with started(project, workers=workers) as server, ExitStack() as stack:
        frozen = [stack.enter_context(Connection(server.port)) for _ in range(8 * workers)]
        for connection in frozen:
            connection.send(post("/freeze", b"0.1"))
        assert eventually(lambda: len([*project.glob("frozen-*")]) == workers)
        waiting = [stack.enter_context(Connection(server.port)) for _ in range(50)]
        for connection in waiting:
            connection.send(post("/pid"))
        server.process.send_signal(signal.SIGTERM)
        if workers > 1:
            # One process alone cannot refuse anybody before it has thawed.
            wait_until_refused(server.port)
        (project / "stopping").touch()
        assert server.ended() == 0
        assert [connection.answer().body for connection in frozen] == [b'"thawed"'] * len(frozen)
        answers = [connection.answer() for connection in waiting]
        assert {(answer.status, answer.headers["connection"]) for answer in answers} == {(200, "close")}


def test_an_open_connection_is_told_that_the_server_is_not_ready_any_more(project):
    with started(project, PATIENT) as server, Connection(server.port) as busy, Connection(server.port) as open_one:
        assert open_one.ask(request("GET", "/readyz")).body == b"ready\n"
        busy.send(post("/nap", b"0"))
        assert eventually((project / "napping").exists)
        server.process.send_signal(signal.SIGTERM)
        wait_until_refused(server.port)
        answer = open_one.ask(request("GET", "/readyz"))
        assert (answer.status, answer.body, answer.headers["connection"]) == (503, b"draining\n", "close")
        (project / "stopping").touch()
        assert busy.answer().body == b'"rested"'
        assert server.ended() == 0


@both
@pytest.mark.parametrize("seconds", [b"0.2", b"0.8"], ids=["soon", "later than what is idle is let go of"])
def test_an_answer_during_a_stop_says_once_that_it_is_the_last(project, workers, seconds):
    with started(project, workers=workers) as server, Connection(server.port) as connection:
        connection.send(post("/nap", seconds))
        stop_napping(project, server)
        assert server.ended() == 0
        answer = connection.socket.makefile("rb").read()
    assert answer.endswith(b'"rested"')
    assert answer.lower().count(b"connection: close") == 1


def closing(answers: list[Answer]) -> list[bool]:
    return ["close" in answer.headers.get("connection", "") for answer in answers]


AHEAD = {
    "on the fast lane": [post("/nap", b"0.1")] * 9,
    "on the ordinary lane": [post("/nap", b"0.1", origin=f"http://{HOST}")] * 3 + [request("GET", "/livez")] * 30,
    "far ahead": [request("GET", "/livez")] * 400,
    "on both": [post("/nap", b"0.1"), request("GET", "/livez"), post("/nap", b"0.1"), post("/pid"), request("GET", "/livez")],
}


@both
@pytest.mark.parametrize("asked", AHEAD.values(), ids=AHEAD)
def test_requests_that_a_client_sent_ahead_are_answered_and_only_the_last_answer_says_that_it_is_the_last(project, workers, asked):
    with started(project, workers=workers) as server, Connection(server.port) as connection:
        connection.send(post("/nap", b"0.2") + b"".join(asked))
        stop_napping(project, server)
        assert server.ended() == 0
        answers = [connection.answer() for _ in range(1 + len(asked))]
        assert connection.is_closed()
    assert {answer.status for answer in answers} == {200}
    assert closing(answers) == [False] * len(asked) + [True]


@both
@pytest.mark.parametrize(("api", "body", "status"), [("pid", b"1", 200), ("pad", b"1", 200), ("pid", b"{", 400)])
def test_an_answer_that_waits_for_another_when_the_stop_begins_says_that_it_is_the_last(project, workers, api, body, status):
    """The answer was ready before the stop began. If it did not say so, its client would ask again on a connection that is being closed."""
    with started(project, workers=workers) as server, Connection(server.port) as connection:
        connection.send(post("/nap", b"0.2") + post(f"/{api}", body))
        assert eventually(lambda: server.figure(f'bento_requests_total{{api="{api}",status="{status}"}}') == 1)
        stop_napping(project, server)
        answers = [connection.answer(), connection.answer()]
        assert connection.is_closed()
        assert server.ended() == 0
    assert [answer.status for answer in answers] == [200, status]
    assert closing(answers) == [False, True]


@both
@pytest.mark.parametrize("asked", [request("GET", "/livez"), post("/pid")], ids=["ordinary", "plain"])
def test_a_client_that_goes_on_sending_during_a_stop_gets_all_answers_up_to_the_last(project, workers, asked):
    """A reset would lose the answers that are on their way to the client."""
    with started(project, workers=workers) as server, Connection(server.port) as connection:
        connection.send(post("/nap", b"0.2"))
        sending = threading.Thread(target=send_without_end, args=(connection, asked))
        sending.start()
        stop_napping(project, server)
        answers = [connection.answer()]
        while not closing(answers[-1:])[0]:
            answers.append(connection.answer())
        assert connection.is_closed()
        with suppress(OSError):
            connection.socket.shutdown(socket.SHUT_RDWR)
        sending.join()
        assert server.ended() == 0
    assert {answer.status for answer in answers} == {200}
    assert len(answers) > 100


def send_without_end(connection: Connection, asked: bytes) -> None:
    """Send until the connection is closed."""
    with suppress(OSError):
        while True:
            connection.send(asked * 1000)


@pytest.mark.parametrize("asked", AHEAD.values(), ids=AHEAD)
def test_all_requests_that_come_together_during_a_stop_are_answered(project, asked):
    with started(project, PATIENT) as server, ExitStack() as stack:
        busy, idle, unused = (stack.enter_context(Connection(server.port)) for _ in range(3))
        assert idle.ask(post("/pid")).status == 200
        busy.send(post("/nap", b"0.2"))
        stop_napping(project, server)
        for connection in (idle, unused):
            connection.send(b"".join(asked))
        for connection in (idle, unused):
            answers = [connection.answer() for _ in asked]
            assert {answer.status for answer in answers} == {200}
            assert closing(answers) == [False] * (len(asked) - 1) + [True]
            assert connection.is_closed()
        assert busy.answer().status == 200
        assert server.ended() == 0


@both
def test_a_malformed_request_behind_a_running_one_does_not_prevent_a_stop(project, workers):
    """At that moment there is no answer yet that could say that it is the last."""
    asked = post("/nap", b"0.2")
    with started(project, workers=workers) as server:
        with Connection(server.port) as connection, Connection(server.port) as other:
            connection.send(asked + asked.replace(b"/nap", b"http://:80"))
            other.send(asked)
            stop_napping(project, server)
            answers = [connection.answer(), connection.answer(), other.answer()]
            assert [answer.status for answer in answers] == [200, 400, 200]
        assert server.ended() == 0


@both
def test_a_client_may_ask_once_more_behind_a_stream_that_began_before_the_stop(project, workers):
    """The stream began too early to say that it is the last answer, so its client, or a proxy with many clients, cannot know."""
    with started(project, workers=workers) as server, Connection(server.port) as connection:
        connection.send(post("/tick", b"8"))
        connection.socket.recv(1, socket.MSG_PEEK)
        server.process.send_signal(signal.SIGTERM)
        stream = connection.answer()
        assert stream.body.split() == [b"%d" % number for number in range(8)]
        last = connection.ask(post("/pid"))
        assert (last.status, closing([stream, last]), connection.is_closed()) == (200, [False, True], True)
        assert server.process.wait(10) == 0


@both
def test_a_stop_waits_for_the_rest_of_a_request_that_has_begun(project, workers):
    """A client may take some time to send a head; one that sends nothing is not waited for."""
    asked = post("/pid")
    with started(project, workers=workers) as server, Connection(server.port) as slow, Connection(server.port) as idle:
        assert [each.ask(post("/pid")).status for each in (slow, idle)] == [200, 200]
        slow.send(asked[:30])
        assert slow.ask(asked[30:] + asked[:30]).status == 200
        server.process.send_signal(signal.SIGTERM)
        assert idle.is_closed()
        answer = slow.ask(asked[30:])
        assert (answer.status, closing([answer]), slow.is_closed()) == (200, [True], True)
        assert server.process.wait(10) == 0


@both
def test_an_idle_connection_does_not_hold_up_a_stop(project, workers):
    with started(project, workers=workers) as server, Connection(server.port) as idle, Connection(server.port) as unused:
        assert idle.ask(post("/pid")).status == 200
        assert server.stop() == 0
        assert idle.is_closed()
        assert unused.is_closed()


@both
def test_a_second_signal_ends_a_server_by_force(project, workers):
    with started(project, workers=workers) as server, Connection(server.port) as connection:
        connection.send(post("/nap", b"0"))
        assert eventually((project / "napping").exists)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("^stopping: ")
        assert server.stop() == 1
        server.wait_for(
            "SIGTERM came again: ending without 1 answers"
            if workers == 1
            else "stopped, but [12] of the workers ended by force or with an error"
        )
        assert connection.is_closed()


@both
def test_a_signal_that_comes_many_times_at_once_counts_as_one(project, workers):
    """`timeout` sends a signal to its child and to its group; a script may pass on a signal that the terminal has sent to all processes."""
    with started(project, workers=workers) as server, Connection(server.port) as connection:
        connection.send(post("/nap", b"0"))
        assert eventually((project / "napping").exists)
        for _ in range(20):
            server.process.send_signal(signal.SIGTERM)
        server.wait_for("^stopping: ")
        (project / "stopping").touch()
        assert connection.answer().status == 200
        assert server.process.wait(10) == 0


@both
def test_each_process_whose_service_cannot_be_closed_reports_the_error(tmp_path, workers):
    (tmp_path / "app.py").write_text(UNCLOSED)
    with started(tmp_path, workers=workers) as server:
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        assert server.stop() == 1
        if workers == 2:
            server.wait_for("worker [0-9]+ did not end cleanly: OSError: the device does not answer$", 2)
            server.wait_for("ServerError: stopped, but 2 of the workers ended by force or with an error$")
        assert server.said.count("OSError: the device does not answer") >= workers


def test_plugins_are_told_that_a_service_has_stopped_even_if_it_could_not_be_closed(tmp_path):
    (tmp_path / "app.py").write_text(UNCLOSED)
    (tmp_path / "bento_watching.py").write_text(WATCHING)
    about = tmp_path / "bento_watching-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bento-watching\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[bento]\nwatching = bento_watching\n")
    with started(tmp_path) as server:
        server.wait_for("is ready on")
        assert server.stop() == 1
        server.wait_for("^Unclosed has stopped$")


@both
def test_the_end_of_the_grace_period_ends_a_server_by_force(project, workers):
    with started(project, workers=workers, grace=0.2) as server, Connection(server.port) as connection:
        connection.send(post("/nap", b"0"))
        assert eventually((project / "napping").exists)
        assert server.stop() == 1
        if workers == 1:
            server.wait_for("the grace period of 0.2 seconds is over: ending without 1 answers")


@both
def test_a_hanging_call_that_no_client_waits_for_does_not_hold_up_a_stop(project, workers):
    with started(project, workers=workers) as server, Connection(server.port) as connection:
        assert connection.ask(post("/hang")).status == 504
        assert server.stop() == 0


def test_a_server_that_is_loading_ends_at_once(project):
    (project / "app.py").write_text(f"import threading\nthreading.Event().wait()\n{SERVICE}")
    with started(project) as server:
        server.wait_for("starts on")
        while not _answers(server.lines[0].split()[3]):
            pass
        assert server.stop() == 0


@both
def test_ctrl_c_in_a_terminal_reaches_every_process_and_loses_nothing(project, workers):
    """A terminal sends SIGINT to all processes of the group; the workers leave it to their supervisor."""
    with started(project, f"import os\nos.setsid()\n{PROGRAM}", workers=workers) as server, Connection(server.port) as connection:
        connection.send(post("/nap", b"0.2"))
        assert eventually((project / "napping").exists)
        os.killpg(server.process.pid, signal.SIGINT)
        wait_until_refused(server.port)
        (project / "stopping").touch()
        assert connection.answer().body == b'"rested"'
        assert server.ended() == 0


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", timeout=60).status_code == 200
    except httpx.TransportError:
        return False

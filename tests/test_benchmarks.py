"""Every topic of the benchmarks runs, and its figures are right; peers are left out, so nothing needs to be installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace

import pytest

from running import eventually

ROOT = Path(__file__).resolve().parents[1]
TOPICS = ("logistic", "forest", "latency", "tensors", "streams", "start", "overload", "soak")

# It listens at once, ends if it is asked within 0.3 seconds, and then says that it is ready and answers.
LATE = """
import select, socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listening:
    if select.select([listening], [], [], 0.3)[0]:
        sys.exit("asked too early")
    print("late is ready", file=sys.stderr, flush=True)
    connection, _ = listening.accept()
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\n\\r\\n1")
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[str, dict]:
    """The report of a very short run, and its figures."""
    file = tmp_path_factory.mktemp("benchmarks") / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--no-peers", "--rounds", "1", "--seconds", "0.05", "--json", file]
    report = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return report, json.loads(file.read_text())


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_has_figures_and_goals_and_leaves_no_peer_out(run, topic):
    found = run[1][topic]
    assert found["goals"] != []
    assert found["absent"] == {}


def test_rates_are_above_zero(run):
    rates = run[1]["logistic"]["figures"]
    assert set(rates) == {"bento", "bento, Python only", "bare ASGI"}
    assert all(figures["rate"] > 0 for subject in rates.values() for figures in subject.values())


def test_streams_of_both_kinds_and_notations_are_measured_beside_a_bare_function(run):
    figures = run[1]["streams"]["figures"]
    kinds = {f"bento, {kind}, {notation}" for kind in ("plain", "async") for notation in ("events", "lines")}
    assert set(figures) == {*kinds, "bare ASGI", "way to a thread"}
    assert all(part > 0 for subject in kinds for number in ("1", "16") for part in figures[subject][number].values())


def test_a_stream_of_other_pieces_or_in_another_order_is_a_wrong_answer(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.client import Question, WrongAnswer
    from benchmarks.reader import check, joined

    sent = [b"data: %d\n\n" % number for number in range(1000, 1003)]
    question = Question(b"", b"", b"".join(sent), len(sent))
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in sent) + b"0\r\n\r\n"
    assert joined(chunks) == question.body
    check(question, b"HTTP/1.1 200 OK\r\n\r\n" + chunks)
    for wrong in (chunks.replace(sent[1], sent[2]), chunks.replace(b"1001", b"1000"), chunks[17:], chunks[1:]):
        with pytest.raises(WrongAnswer, match="expected 3 pieces"):
            check(question, b"HTTP/1.1 200 OK\r\n\r\n" + wrong)


def test_the_stages_of_a_request_are_measured():
    command = [sys.executable, "-m", "benchmarks.micro", "--rounds", "1", "--connections", "64"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.match(r"\d+\.\d us per request, 64 at once\n", told)
    assert {"parse", "decode", "queue", "model", "encode", "write"} <= set(re.findall(r"^\| (\w+) +\|", told, re.MULTILINE))


def test_every_goal_is_a_line_of_the_report(run):
    report, figures = run
    lines = [line.split(" | ")[0].removeprefix("| ") for line in report.splitlines()]
    assert [goal["promise"] for topic in figures.values() for goal in topic["goals"] if goal["promise"] not in lines] == []


def test_the_report_says_what_the_model_and_the_machine_alone_take(run):
    assert re.search(r"A call of the model in this process takes \d+ us for a row and \d+ us for 64 \(scikit-learn \d", run[0])
    assert re.search(r"A loop that does nothing else took more than 3 times as long as usual in \d+ of \d+ windows of 10 ms", run[0])


def test_a_machine_that_is_slow_for_a_while_is_called_unsteady(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import steadiness

    moments = accumulate([*[0.001] * 50, 0.02, *[0.001] * 100], initial=0.0)
    monkeypatch.setattr(steadiness, "time", SimpleNamespace(perf_counter=lambda: next(moments)))
    assert "in 1 of 11 windows of 10 ms, 20.0 times at worst" in steadiness.steadiness(0.125)


def test_a_goal_without_a_peer_to_compare_with_is_not_called_met(run):
    promise = "LogisticRegression at 64 connections: 3x mosec with batching"
    goals = {goal["promise"]: goal["met"] for goal in run[1]["logistic"]["goals"]}
    assert goals[promise] is None


def test_a_server_that_says_when_it_is_ready_is_not_asked_before(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.client import Question
    from benchmarks.servers import end, start, wait
    from benchmarks.subjects import Subject

    question = Question(b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n1")
    server = start(Subject("late", ("python", "-c", LATE, "{port}"), lambda: [question], ready=b"is ready"))
    try:
        wait(server)
        assert server.first_answer > 0.3
    finally:
        end(server)


def test_a_server_that_answers_wrongly_is_stopped_while_others_are_measured(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.client import WrongAnswer
    from benchmarks.servers import Server, Stable
    from benchmarks.subjects import bare

    def ask_in_vain(_: Server) -> None:
        raise WrongAnswer("there was no answer")

    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as process:
        made = Stable([Server(bare(), 0, process, Path())])
        try:
            made.in_turn(1, ask_in_vain)
            assert made.absent == {"bare ASGI": "WrongAnswer: there was no answer"}
            assert eventually(lambda: os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOHANG) is not None)
        finally:
            process.kill()

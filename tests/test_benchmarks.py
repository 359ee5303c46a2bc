"""Every topic of the benchmarks runs, and its figures say what they say they do; peers are left out, nothing is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from running import eventually

ROOT = Path(__file__).resolve().parents[1]
TOPICS = ("logistic", "forest", "latency", "tensors", "start", "overload", "soak")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[str, dict]:
    """The report of a very short run, and its figures."""
    file = tmp_path_factory.mktemp("benchmarks") / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--no-peers", "--rounds", "1", "--seconds", "0.05", "--json", file]
    report = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return report, json.loads(file.read_text())


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_has_figures_and_goals_and_leaves_nobody_out(run, topic):
    found = run[1][topic]
    assert found["goals"] != []
    assert found["absent"] == {}


def test_rates_are_above_zero(run):
    rates = run[1]["logistic"]["figures"]
    assert set(rates) == {"bento", "bento, Python only", "bare ASGI"}
    assert all(figures["rate"] > 0 for subject in rates.values() for figures in subject.values())


def test_every_goal_is_a_line_of_the_report(run):
    report, figures = run
    lines = [line.split(" | ")[0].removeprefix("| ") for line in report.splitlines()]
    assert [goal["promise"] for topic in figures.values() for goal in topic["goals"] if goal["promise"] not in lines] == []


def test_a_goal_without_a_peer_to_compare_with_is_not_called_met(run):
    promise = "LogisticRegression at 64 connections: 3x mosec with batching"
    goals = {goal["promise"]: goal["met"] for goal in run[1]["logistic"]["goals"]}
    assert goals[promise] is None


def test_a_server_that_answers_wrongly_stands_still_while_others_are_measured(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks.client import WrongAnswer
    from benchmarks.servers import Server, Stable
    from benchmarks.subjects import bare

    def ask_in_vain(_: Server) -> None:
        raise WrongAnswer("there was no answer")

    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as process:
        made = Stable([Server(bare(), 0, process, ())])
        try:
            made.in_turn(1, ask_in_vain)
            assert made.absent == {"bare ASGI": "WrongAnswer: there was no answer"}
            assert eventually(lambda: os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOHANG) is not None)
        finally:
            process.kill()

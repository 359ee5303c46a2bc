"""Servers on a machine that has no threads or files left: they say so, refuse what they cannot do, and go on when they can."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from client import Connection
from running import eventually, started

CROWDED = """
import os, threading
import bento
from bento.adapters import JsonAdapter

start = threading.Thread.start

def start_if_there_is_room(thread):
    if os.path.exists("crowded"):
        raise RuntimeError("can't start new thread")
    start(thread)

threading.Thread.start = start_if_there_is_room

class Crowded(bento.Service):
    "Answers in threads."

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def count(self, values):
        return len(values)

    @bento.api(input=JsonAdapter())
    def each(self, values):
        for value in values[:2]:
            yield value

service = Crowded()
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(CROWDED)
    return tmp_path


def test_requests_are_refused_while_no_thread_can_start_and_answered_afterwards(project):
    requests = [("count", [1, 2, 3]), ("each", [1, 2]), ("count", [1] * 100_000), ("each", [1] * 100_000)]
    with started(project) as server, httpx.Client(base_url=server.url, timeout=30) as client:

        def ask() -> list[httpx.Response]:
            return [client.post(f"/{api}", json=values) for api, values in requests]

        (project / "crowded").touch()
        for refusal in ask():
            assert refusal.status_code == 503, refusal.text
            assert refusal.headers["retry-after"] == "1"
            assert refusal.json()["detail"] == "the server cannot start another thread"
        server.wait_for(
            "cannot start another thread for bento-count, which has 0: can't start new thread: allow its user or container more"
        )
        (project / "crowded").unlink()
        assert [answer.text for answer in ask()] == ["3", "1\n2\n", "100000", "1\n1\n"]
        assert server.stop(signal.SIGTERM) == 0
        assert "Traceback" not in server.said


FEW_FILES = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
{CROWDED}"""


def test_the_log_says_once_that_there_can_be_no_further_connection(project):
    (project / "app.py").write_text(FEW_FILES)
    with started(project) as server:
        with ExitStack() as stack:
            for _ in range(80):
                stack.enter_context(Connection(server.port))
            server.wait_for(
                "64 files are open, which is the limit: further connections are closed unanswered until some end - "
                "raise the hard limit of open files, or start more workers"
            )
        assert eventually(lambda: len(list(Path(f"/proc/{server.process.pid}/fd").iterdir())) < 50)
        assert httpx.get(f"{server.url}/livez").status_code == 200
        assert server.stop() == 0
        assert server.said.count("which is the limit") == 1

"""Servers on a machine that has no more to give: they say so, refuse what they cannot do, and go on when they can."""

from __future__ import annotations

import signal

import httpx
import pytest

from running import started

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
            assert refusal.json()["detail"] == "the server can start no thread for this request"
        server.wait_for("no further thread for bento-count, which has 0: can't start new thread: allow its user or container more")
        (project / "crowded").unlink()
        assert [answer.text for answer in ask()] == ["3", "1\n2\n", "100000", "1\n1\n"]
        assert server.stop(signal.SIGTERM) == 0
        assert "Traceback" not in server.said

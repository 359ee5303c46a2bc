"""Calls that hold the interpreter are logged, and only other processes answer meanwhile."""

from __future__ import annotations

import math
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from client import Connection, post, request
from running import started

SERVICE = """
import re
import bento
from bento.adapters import JsonAdapter

class Backtracker(bento.Service):
    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def match(self, length):
        "Twice as long for each letter, and all the time with the interpreter's lock."
        return re.match("(a+)+$", "a" * length + "b") is not None

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def compute(self, seconds):
        "As long, but the lock is given up again and again."
        import time
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
        return seconds

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def echo(self, value):
        return value

service = Backtracker()
"""


def holding(seconds: float) -> bytes:
    """A request whose call takes at least this long."""
    for length in range(18, 40):
        began = time.process_time()
        re.match("(a+)+$", "a" * length + "b")
        if time.process_time() - began > seconds:
            return post("/match", b"%d" % length)
    raise AssertionError


@pytest.fixture
def server(request, tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    with started(tmp_path, workers=request.param) as server:
        yield server


@pytest.mark.parametrize("server", [1], indirect=True)
def test_a_call_that_holds_the_interpreter_is_logged_once(server):
    with Connection(server.port) as connection:
        assert connection.ask(post("/compute", b"0.6")).status == 200
        assert not [line for line in server.lines if "held the interpreter" in line]
        asked = holding(0.5)
        for _ in range(2):
            assert connection.ask(asked).status == 200
    server.wait_for("a call of match held the interpreter for ")
    server.wait_for("s, and nothing was answered meanwhile, not even /livez: with --workers 2 or more, the others still answer")
    server.stop()
    assert len([line for line in server.lines if "held the interpreter" in line]) == 1


@pytest.mark.parametrize("server", [2], indirect=True)
def test_other_workers_answer_while_the_interpreter_of_one_is_held(server):
    """Requests that the held worker has already taken wait; the other worker answers later ones within 100 milliseconds."""
    long = holding(1.0)
    # A busy machine may spoil some.
    assert any(quickest_beside(server.port, long) < 0.1 for _ in range(5))


def quickest_beside(port: int, long: bytes) -> float:
    """The least time that health and another api took together, on connections of their own, while a call was running."""
    quickest = math.inf
    with ThreadPoolExecutor(1) as threads, Connection(port) as held:
        over, sent = threads.submit(held.ask, long), time.monotonic()
        while not over.done():
            began = time.monotonic()
            for asked in (request("GET", "/livez"), post("/echo", b"1")):
                with Connection(port) as connection:
                    assert connection.ask(asked).status == 200
            # By then the call has begun.
            if began - sent > 0.3 and not over.done():
                quickest = min(quickest, time.monotonic() - began)
        assert over.result().status == 200
    return quickest

"""The fast lane reaches into uvicorn, so a release that it is not tested with is served by the ordinary lane."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import httpx
import pytest

from client import wait_until_refused
from running import PROGRAM, eventually, started

SERVICE = """
import os, time
import bento
from bento.adapters import JsonAdapter

class Echo(bento.Service):
    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def echo(self, value):
        return value

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def nap(self, value):
        "Until it may end."
        open("napping", "w").close()
        while not os.path.exists("rested"):
            time.sleep(0.01)
        return value

service = Echo()
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    return tmp_path


@pytest.mark.parametrize("workers", [1, 2])
def test_an_unknown_uvicorn_is_served_by_the_ordinary_lane_and_one_line_says_so(project, workers):
    with started(project, f"import uvicorn\nuvicorn.__version__ = '99.0.0'\n{PROGRAM}", workers=workers) as server:
        assert server.ask("echo", [1]) == [1]
        assert server.stop() == 0
    assert [line for line in server.lines if "lane" in line] == [
        "uvicorn 99.0.0 is not one that the fast lane is tested with: using the ordinary lane, which is slower\n"
    ]


def install(folder, release):
    """Put a release of uvicorn into a folder, and return a server's program that takes it from there."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", str(folder), release]
    subprocess.run(command, check=True, capture_output=True, timeout=250)
    return f"import sys\nsys.path.insert(0, {str(folder)!r})\n{PROGRAM}"


@pytest.fixture(scope="module")
def oldest(tmp_path_factory):
    return install(tmp_path_factory.mktemp("oldest"), "uvicorn==0.30.0")


def test_under_the_oldest_uvicorn_the_last_answer_says_that_it_is_the_last(project, oldest):
    with started(project, oldest) as server:
        url, answers = server.url, []
        with httpx.Client(timeout=60) as client:
            asking = threading.Thread(target=lambda: answers.append(client.post(f"{url}/nap", json=1)))
            asking.start()
            assert eventually((project / "napping").exists)
            server.process.send_signal(signal.SIGTERM)
            wait_until_refused(server.port)
            (project / "rested").touch()
            assert server.ended() == 0
            asking.join()
    assert "uvicorn 0.30.0 is not one" in server.said
    assert [(answer.json(), answer.headers["connection"]) for answer in answers] == [(1, "close")]


def test_under_the_oldest_uvicorn_a_foreign_host_is_refused_at_a_path(project, oldest):
    with (
        started(project, oldest, uds=str(project / "s")) as server,
        httpx.Client(transport=httpx.HTTPTransport(uds=str(project / "s"))) as client,
    ):
        server.wait_for("is ready on unix:")
        asked = [
            client.post("http://localhost/echo", json=1, headers={"host": host}).status_code for host in ("localhost", "rebound.example")
        ]
        assert asked == [200, 403]
        assert server.stop() == 0


def test_the_newest_uvicorn_serves_in_one_lane_or_the_other(project):
    with started(project, install(project / "newest", "uvicorn")) as server:
        assert server.ask("echo", {"a": 1}) == {"a": 1}
        assert server.stop() == 0

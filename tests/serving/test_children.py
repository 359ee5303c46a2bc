"""Processes that a service forks, as with multiprocessing: a signal to one of them is no signal to the server."""

from __future__ import annotations

import signal

import pytest

from running import PROGRAM, started

SERVICE = """
import multiprocessing, time
import bento
from bento.adapters import JsonAdapter

class Parent(bento.Service):
    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def ended(self, value):
        "How a child ends that is told to as soon as it is there."
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        child.start()
        child.terminate()
        child.join(10)
        status = child.exitcode
        child.kill()
        return status

service = Parent()
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    return tmp_path


@pytest.mark.parametrize("workers", [1, 2])
def test_a_child_of_a_service_ends_by_sigterm_and_the_server_goes_on(project, workers):
    with started(project, PROGRAM, workers=workers) as server:
        assert [server.ask("ended", 1) for _ in range(5)] == [-signal.SIGTERM] * 5
        assert server.stop() == 0

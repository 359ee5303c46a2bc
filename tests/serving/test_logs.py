"""What a server writes, and what it does where that cannot be written."""

from __future__ import annotations

import os
import re
import resource
import shlex
import signal

import pytest

from commands import BENTO
from echo import write_app
from running import heard, started

both = pytest.mark.parametrize("workers", [1, 2])


@pytest.fixture
def project(tmp_path):
    write_app(tmp_path)
    return tmp_path


def test_an_access_log_that_cannot_be_written_is_told_of_once_and_goes_on_when_it_can(project):
    with started(project) as server:
        pid = server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        assert [server.ask("predict", number) for number in range(3)] == [0, 1, 2]
        server.wait_for("the access log cannot be written, and goes on when it can: File too large\n")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        assert server.ask("predict", 3) == 3
        server.wait_for("the access log is written again\n")
        assert server.stop() == 0
    assert server.said.count("cannot be written") == 1
    assert server.output.count("POST /predict 200") >= 1


@both
@pytest.mark.parametrize("output", [">/dev/full", ">&-", "| true"])
def test_a_server_whose_output_goes_nowhere_answers_and_ends_as_any_other(project, output, workers):
    script = f"({shlex.quote(str(BENTO))} serve app:service --port 0 --workers {workers}; echo status $? >&2) {output}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with heard(["bash", "-c", script], project, environment) as server:
        assert [server.ask("predict", number) for number in range(3)] == [0, 1, 2]
        os.kill(int(re.search(r"\(process (\d+)", server.said)[1]), signal.SIGTERM)
        server.wait_for("status 0")
        server.ended()
    assert "Traceback" not in server.said
    assert server.said.count("cannot be written") <= workers

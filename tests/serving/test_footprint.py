"""What a server of a service without a framework costs before anybody asks anything."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from echo import write_app
from running import processes, started

both = pytest.mark.parametrize("workers", [1, 4])


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch):
    """Coverage would measure the server too, in the server's own memory and time."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture
def project(tmp_path):
    write_app(tmp_path)
    return tmp_path


def processor_seconds(pid: int) -> float:
    """The processor time that all processes of a server have used so far."""
    stats = [Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split() for process in processes(pid)]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024


@both
def test_each_process_of_a_server_that_has_answered_is_small(project, workers):
    with started(project, workers=workers) as server:
        assert server.ask("predict", [1]) == [1]
        assert httpx.get(f"{server.url}/readyz", timeout=60).status_code == 200
        assert max(resident_bytes(process) for process in processes(server.process.pid)) < 45_000_000


def test_a_server_needs_little_more_processor_time_to_its_first_answer_than_python_to_start(project):
    """Both are measured in turn and the best of each counts, because the machine's speed drifts but the ratio does not."""
    pairs = [(until_the_first_answer(project), starting_python()) for _ in range(3)]
    ours, theirs = map(min, zip(*pairs, strict=True))
    assert ours < 7 * theirs


def until_the_first_answer(project: Path) -> float:
    with started(project) as server:
        assert server.ask("predict", [1]) == [1]
        return processor_seconds(server.process.pid)


def starting_python() -> float:
    """The processor time of a Python that imports asyncio, as every server does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import asyncio"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@both
def test_an_idle_server_uses_almost_no_processor_time(project, workers):
    with started(project, workers=workers) as server:
        assert server.ask("predict", [1]) == [1]
        assert httpx.get(f"{server.url}/readyz", timeout=60).status_code == 200
        before = processor_seconds(server.process.pid)
        # What is measured is that nothing happens.
        time.sleep(2)
        assert processor_seconds(server.process.pid) - before <= 0.05

"""How a server answers and ends when nobody reads its log any more, so that a write to it would wait for ever."""

from __future__ import annotations

import fcntl
import os
import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from commands import BENTO
from echo import write_app
from running import eventually, processes

both = pytest.mark.parametrize("workers", [1, 2])
outputs = pytest.mark.parametrize("is_all", [False, True], ids=["standard output", "all output"])


@pytest.fixture
def project(tmp_path):
    write_app(tmp_path)
    return tmp_path


def new_pipe(stack: ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        stack.callback(os.close, end)
    return ends


def read_until(pattern: bytes, pipe: int) -> re.Match[bytes]:
    """What is read from a pipe, as soon as it matches."""
    said = b""
    while not (found := re.search(pattern, said)):
        assert select.select([pipe], [], [], 60)[0], said
        said += os.read(pipe, 65_536)
    return found


def fill(pipe: int) -> None:
    """Write to a pipe until nothing more goes in."""
    # This opens a file description of its own, so that the server's own stays a blocking one.
    end = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, select.PIPE_BUF)
    try:
        for size in (select.PIPE_BUF, 1):
            with suppress(BlockingIOError):
                while True:
                    os.write(end, b"\n" * size)
    finally:
        os.close(end)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return True


@dataclass(frozen=True)
class Stalled:
    """A server whose standard output is full; `output` and `errors` are where that and its standard error can be read."""

    process: subprocess.Popen[bytes]
    url: str
    output: int
    errors: int


@contextmanager
def stalled(project: Path, workers: int, *, is_all: bool, grace: float = 0.2) -> Iterator[Stalled]:
    """A server that has answered a request whose line in the log nobody has read."""
    command = [BENTO, "serve", "app:service", "--port", "0", "--workers", str(workers), "--grace", str(grace)]
    with ExitStack() as stack:
        output, log = new_pipe(stack)
        errors, stderr = (output, log) if is_all else new_pipe(stack)
        process = stack.enter_context(subprocess.Popen(command, cwd=project, stdout=log, stderr=stderr))
        stack.callback(process.kill)
        url = read_until(rb"is ready on (\S+)(?s:.*)\n", errors)[1].decode()
        fill(log)
        assert httpx.post(f"{url}/predict", json=7, timeout=60).json() == 7
        yield Stalled(process, url, output, errors)


@both
@outputs
def test_requests_are_answered_though_nobody_reads_the_access_log_and_no_line_is_lost(project, workers, is_all):
    with stalled(project, workers, is_all=is_all) as server:
        with httpx.Client(base_url=server.url, timeout=20) as client:
            for number in range(300):
                assert client.post("/predict", json=number, headers={"x-request-id": f"order-{number}"}).json() == number
        said = read_until(rb"(?s).*order-299\n", server.output)[0].decode()
        assert re.findall(r"Z POST /predict 200 [0-9.]+ms order-([0-9]+)\n", said) == [str(number) for number in range(300)]
        server.process.terminate()
        assert server.process.wait(60) == 0


@both
@outputs
def test_a_server_whose_log_nobody_reads_any_more_ends_soon_after_its_grace(project, workers, is_all):
    with stalled(project, workers, is_all=is_all) as server:
        everybody = processes(server.process.pid)
        server.process.terminate()
        assert server.process.wait(60) == 1
        assert eventually(lambda: all(map(is_gone, everybody)))


@outputs
def test_a_second_signal_ends_a_server_whose_log_nobody_reads_any_more(project, is_all):
    with stalled(project, 1, is_all=is_all, grace=3600) as server:
        assert eventually(lambda: server.process.poll() is not None or server.process.terminate())
        assert server.process.returncode == 1


def test_a_server_whose_access_log_nobody_reads_any_more_logs_why_it_ends(project):
    with stalled(project, 1, is_all=False) as server:
        server.process.terminate()
        assert server.process.wait(60) == 1
        read_until(b"ERROR the stop takes too long: ending without 0 answers\n", server.errors)

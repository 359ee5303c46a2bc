"""A real server in a process of its own, and what it says."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

PROGRAM = """
import json, logging, sys
import bento
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
bento.serve("app:service", port=0, **json.loads(sys.argv[1]))
"""

LIMITED = """
import json, logging, sys
from bento.serving import Limits, resolve
from bento.serving.workers.sockets import listen, url
from bento.serving.workers.settings import Settings
from bento.serving.workers.worker import run_worker
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
with listen("127.0.0.1", 0) as listener:
    address = url(listener)
    settings = Settings(Limits(**json.loads(sys.argv[1])))
    run_worker(resolve("app:service"), listener, settings, lambda: logging.info("app:service is ready on %s", address))
"""
"""A program that serves with the limits that it is given: the fields of `Limits`."""

SCARCE = """
import errno, os
fork = os.fork

def fork_if_there_is_room():
    if os.path.exists("crowded"):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return fork()

os.fork = fork_if_there_is_room
"""
"""Code that makes forks fail while there is a file `crowded`."""

_TICK = os.sysconf("SC_CLK_TCK")


def eventually(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether a condition comes true in time. The time is long because machines are busy; only a test that fails needs all of it."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Server:
    """A server process, and the lines that it has written to standard error so far."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process = process
        self.lines: list[str] = []
        self._output = output
        self._heard = threading.Condition()
        self._silent = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._heard:
                self.lines.append(line)
                self._heard.notify_all()
        with self._heard:
            self._silent = True
            self._heard.notify_all()

    def wait_for(self, pattern: str, count: int = 1) -> str:
        """The `count`-th line that matches, as soon as it is there. A server that has ended says nothing more."""

        def found() -> list[str]:
            return [line for line in self.lines if re.search(pattern, line)]

        with self._heard:
            self._heard.wait_for(lambda: self._silent or len(found()) >= count, 60)
            assert len(found()) >= count, self.lines
            return found()[count - 1]

    @property
    def said(self) -> str:
        """What it has written to standard error: its log."""
        return "".join(self.lines)

    @property
    def output(self) -> str:
        """What it has written to standard output: the access log."""
        return self._output.read_text()

    @property
    def url(self) -> str:
        found = re.search(r"http://\S+", self.wait_for("is ready on"))
        assert found is not None
        return found[0]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def ask(self, api: str, value: object) -> object:
        return httpx.post(f"{self.url}/{api}", json=value, timeout=30).json()

    def figure(self, name: str) -> float:
        """A figure of the metrics page, such as `bento_requests_in_flight{api="nap"}`; 0 while it is not there."""
        lines = httpx.get(f"{self.url}/metrics", timeout=30).text.splitlines()
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(f"{name} "))

    def processor_seconds(self) -> float:
        """The processor time that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def memory(self) -> int:
        """The bytes of the process that no file backs."""
        return self._bytes("RssAnon")

    def peak(self) -> int:
        """The most bytes that the process has had in memory so far."""
        return self._bytes("VmHWM")

    def _bytes(self, name: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{name}:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end and return its status; by then all that it wrote is in `lines`."""
        status = self.process.wait(60)
        self._reader.join()
        return status


def processes(pid: int) -> list[int]:
    """A process and all its descendants; a process that has just ended has none."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return [pid]
    return [pid, *(process for child in children for process in processes(int(child)))]


def runs(pid: int) -> bool:
    """Whether a process still runs; one that has ended and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def started(project: Path, program: str = PROGRAM, **options: object) -> Iterator[Server]:
    """A server of `project`'s `app.py`, killed at the end of the block if it still runs; `options` are those of `program`."""
    with heard([sys.executable, "-c", program, json.dumps(options)], project) as server:
        yield server


@contextmanager
def heard(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server that a command starts in a folder, killed at the end of the block if it still runs."""
    output = folder / "output.txt"
    with output.open("w") as file:
        process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, stdout=file, text=True)
    server = Server(process, output)
    try:
        yield server
    finally:
        if process.poll() is None:
            server.stop(signal.SIGKILL)
        server._reader.join()
        process.stderr.close()

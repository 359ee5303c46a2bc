"""Servers while they are measured: started, asked, stopped by a signal while it is the turn of another, ended."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import processes
from .client import Client, Question, WrongAnswer
from .environments import NotInstalled, install, program, variables
from .places import CACHE, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from .subjects import Subject

_PATIENCE = 60.0
# A server that does not say when it is ready is asked again and again: after at least _PAUSE, and after _PART of the time that it has taken
# so far. Each question takes a millisecond from what the server is importing: asked every 10 ms, a start of 2 s used 0.18 s more of
# processor time.
_PAUSE, _PART = 0.01, 0.03
_GLANCE = 0.002


@dataclass
class Server:
    """A subject's running server; `first_answer` is the number of seconds from its start to its first right answer."""

    subject: Subject
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    questions: Sequence[Question] = ()
    first_answer: float = 0.0

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let the server run inside a block, however that ends; outside, it stands still."""
        processes.send(self.process.pid, signal.SIGCONT)
        try:
            yield
        finally:
            processes.send(self.process.pid, signal.SIGSTOP)

    def client(self, connections: int, refusals: frozenset[int] = frozenset()) -> Client:
        """Open connections to the server."""
        return Client(self.port, self.questions, connections, refusals)

    def may_be_ready(self) -> bool:
        """Whether the server has said that it is ready, or is one that never says so."""
        return self.subject.ready in self.log.read_bytes()

    def cpu_seconds(self) -> float:
        return processes.cpu_seconds(self.process.pid)

    def memory(self) -> int:
        return processes.memory(self.process.pid)


@dataclass
class Stable:
    """The servers of a run, and the reasons why others cannot take part, by subject."""

    servers: list[Server] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)

    def in_turn(self, rounds: int, measure: Callable[[Server], None]) -> None:
        """Measure each server in turn while the others stand still, several rounds long. A server that answers wrongly takes no further
        part."""
        for _ in range(rounds):
            for server in list(self.servers):
                try:
                    with server.awake():
                        measure(server)
                except (WrongAnswer, OSError) as error:
                    self.servers.remove(server)
                    self.absent[server.subject.name] = f"{type(error).__name__}: {error}"


@contextmanager
def stable(subjects: Sequence[Subject]) -> Iterator[Stable]:
    """The servers of these subjects, started one after another, and standing still until their turns. They are ended after the block."""
    made = Stable()
    started: list[Server] = []
    try:
        for subject in subjects:
            try:
                install(subject.environment)
                server = start(subject)
                started.append(server)
                with server.awake():
                    wait(server)
                made.servers.append(server)
            except (NotInstalled, WrongAnswer) as error:
                made.absent[subject.name] = str(error)
        yield made
    finally:
        for server in started:
            end(server)


def start(subject: Subject) -> Server:
    """Start a subject. What it prints is thrown away; its errors go to `.bench/logs`."""
    port = free_port()
    name = subject.name.replace(" ", "-").replace(",", "")
    logs = CACHE / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    first, *arguments = (part.format(port=port, folder=CACHE / "settings" / name) for part in subject.command)
    command = [str(program(subject.environment, first)), *arguments]
    log = logs / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=variables(**subject.variables), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=output
        )
    return Server(subject, port, process, log)


def wait(server: Server) -> None:
    """Wait until the server gives a right answer. If it ends or takes a minute, that is a WrongAnswer."""
    started = time.perf_counter()
    server.questions = server.subject.questions()
    last: Exception | None = None
    while (passed := time.perf_counter() - started) < _PATIENCE and server.process.poll() is None:
        if not server.may_be_ready():
            time.sleep(_GLANCE)
            continue
        try:
            with server.client(1) as client:
                client.ask_once()
        except (OSError, WrongAnswer) as error:
            last = error
            time.sleep(max(_PAUSE, _PART * passed))
        else:
            server.first_answer = time.perf_counter() - started
            return
    raise WrongAnswer(f"{server.subject.name} did not start, .bench/logs says why: {last}")


def end(server: Server) -> None:
    """End a server and all of its processes."""
    family = processes.family(server.process.pid)
    processes.send(server.process.pid, signal.SIGCONT)
    server.process.terminate()
    try:
        server.process.wait(10)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
    processes.kill_all(family[1:])


def free_port() -> int:
    """A port on which nobody listens, nor on the two after it, which MLServer takes for its other protocols."""
    while True:
        with ExitStack() as held, suppress(OSError, OverflowError):
            port: int = held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            for following in (port + 1, port + 2):
                held.enter_context(socket.create_server(("127.0.0.1", following)))
            return port

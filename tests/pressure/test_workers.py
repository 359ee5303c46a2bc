"""Workers that are killed again and again under load."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from statistics import median_low

import pytest

from client import Connection, post
from running import Server, eventually, started

SERVICE = """
import os
import bento
from bento.adapters import JsonAdapter

class Worker(bento.Service):
    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def pid(self, value):
        return os.getpid()

service = Worker()
"""

WORKERS = 3
CLIENTS = 12


@dataclass
class Client:
    """Asks on one connection until it is lost, then on another; the first answer tells which worker a connection has."""

    server: Server
    answered: int = 0
    worker: int = 0
    lost: list[tuple[int, float, float]] = field(default_factory=list)
    """For each request that was not answered: its connection's worker, 0 if unknown, and when the connection began and ended."""

    def ask_until(self, over: threading.Event) -> None:
        while not over.is_set():
            self.worker, began = 0, time.monotonic()
            with Connection(self.server.port) as connection:
                try:
                    while not over.is_set():
                        self.worker = int(connection.ask(post("/pid")).body)
                        self.answered += 1
                except ConnectionError:
                    self.lost.append((self.worker, began, time.monotonic()))


@pytest.fixture
def server(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    with started(tmp_path, workers=WORKERS, access_log=False) as server:
        yield server


def seconds_until_replaced(server: Server, known: set[int]) -> float:
    """How long it takes until an unknown worker answers; it is added to the known ones."""
    began = time.monotonic()
    answers: list[int] = []
    while not set(answers) - known and time.monotonic() - began < 20:
        with Connection(server.port) as connection:
            answers.append(int(connection.ask(post("/pid")).body))
    known.update(answers)
    return time.monotonic() - began


def test_a_worker_that_is_killed_every_second_loses_only_what_was_running_in_it(server, seconds):
    """What runs in a killed worker may fail. Nothing else may, another must be there within a second, and no figure may be lost."""
    over = threading.Event()
    clients = [Client(server) for _ in range(CLIENTS)]
    threads = [threading.Thread(target=client.ask_until, args=(over,)) for client in clients]
    server.url  # noqa: B018 - waits until it is ready
    for thread in threads:
        thread.start()
    killed: dict[int, tuple[float, float]] = {}
    known: set[int] = set()
    replaced = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        over.wait(1.0)
        assert eventually(lambda: {client.worker for client in clients} - {0, *killed})
        alive = {client.worker for client in clients} - {0, *killed}
        known |= alive
        victim = random.choice(sorted(alive))
        before = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        killed[victim] = before, time.monotonic()
        replaced.append(seconds_until_replaced(server, known))
    over.set()
    for thread in threads:
        thread.join()
    lost = [loss for client in clients for loss in client.lost]
    assert len(lost) <= CLIENTS * len(killed)
    assert {worker for worker, _, _ in lost} <= {0, *killed}
    assert all(any(began <= after and before <= ended for before, after in killed.values()) for _, began, ended in lost)
    # A busy machine may spoil some.
    assert median_low(replaced) < 1.0
    answered = sum(client.answered for client in clients)
    assert answered > 100 * CLIENTS
    # An answer is counted once it is sent.
    assert eventually(lambda: server.figure('bento_requests_total{api="pid",status="200"}') >= answered)
    assert server.stop() == 0

"""The notices that a server sends to systemd, or to another manager that started it: sd_notify(3)."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from commands import BENTO, Commands
from running import PROGRAM, heard

APP = """
import os, subprocess, time
import bento
from bento.adapters import JsonAdapter

BY_IMPORT = os.environ.get("NOTIFY_SOCKET")

class Told(bento.Service):
    def setup(self):
        while os.path.exists("wait"):
            time.sleep(0.01)
        if os.path.exists("broken"):
            raise OSError("the model is gone\\nSTOPPING=1")

    @bento.api(output=JsonAdapter())
    def pid(self, value: int) -> int:
        return os.getpid()

    @bento.api(output=JsonAdapter())
    def nap(self, value: int) -> int:
        while not os.path.exists("enough"):
            time.sleep(0.01)
        return value

    @bento.api(output=JsonAdapter())
    async def freeze(self, value: int) -> int:
        time.sleep(60)
        return value

    @bento.api(output=JsonAdapter())
    def seen(self, value: int) -> list:
        inherited = subprocess.run(["env"], capture_output=True, text=True, check=True).stdout
        return [BY_IMPORT, os.environ.get("NOTIFY_SOCKET"), "NOTIFY_SOCKET" in inherited]

service = Told()
"""
ONE, TWO, RELOADING = ["--workers", "1"], ["--workers", "2"], ["--reload"]
EVERY_WAY = pytest.mark.parametrize("options", [ONE, TWO, RELOADING], ids=["one worker", "two workers", "reloading"])


class Manager:
    """A service manager's end: it reads the notices, and who sent them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._end.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        self._end.settimeout(60)
        self.senders: set[int] = set()

    def close(self) -> None:
        self._end.close()

    def next(self) -> dict[str, str]:
        """The next notice, as soon as it is there."""
        message, ((_, _, credentials),), _, _ = self._end.recvmsg(4096, socket.CMSG_SPACE(12))
        self.senders.add(struct.unpack("iII", credentials)[0])
        return dict(line.split("=", 1) for line in message.decode().split("\n"))

    def until(self, name: str) -> list[dict[str, str]]:
        """The notices up to the next that has an assignment of this name."""
        notices = [self.next()]
        while name not in notices[-1]:
            notices.append(self.next())
        return notices

    def read_on(self, seconds: float) -> None:
        """Read notices until none has come for this long, which is a TimeoutError."""
        self._end.settimeout(seconds)
        while True:
            self.next()

    def fill(self) -> None:
        """Leave so many notices unread that the socket takes no more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(BlockingIOError):
            sender.setblocking(False)
            while True:
                sender.sendto(b"STATUS=full", self.name)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


@pytest.fixture
def manager(tmp_path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.close()


@pytest.fixture
def serve(folder) -> Callable:
    """Runs `bento serve app:service`, or another target, with a name in NOTIFY_SOCKET."""

    def serve(name: str, *options: str, target: str = "app:service", watchdog: str | None = None):
        return Commands(folder).served(target, *options, NOTIFY_SOCKET=name, WATCHDOG_USEC=watchdog)

    return serve


@EVERY_WAY
def test_a_server_that_loads_is_not_ready_and_one_that_answers_is(serve, manager, folder, options):
    (folder / "wait").touch()
    with serve(manager.name, *options) as server:
        server.wait_for("app:service starts on")
        (status,) = manager.next().values()
        assert status.startswith("app:service starts on http://127.0.0.1:")
        assert httpx.get(f"http://{status.rpartition('/')[2]}/readyz", timeout=60).text.strip() == "loading"
        (folder / "wait").unlink()
        ready = manager.next()
        assert httpx.get(f"{server.url}/readyz", timeout=60).text.strip() == "ready"
        assert (ready["READY"], ready["STATUS"].partition(" on ")[0]) == ("1", "app:service is ready")
        assert manager.senders == {server.process.pid}


@EVERY_WAY
def test_a_stop_is_announced_when_it_begins_together_with_the_time_that_it_may_take(serve, manager, folder, options):
    with serve(manager.name, *options, "--grace", "120") as server, ThreadPoolExecutor() as pool:
        manager.until("READY")
        answer = pool.submit(server.ask, "nap", 7)
        assert server.process.poll() is None
        while not server.figure('bento_requests_in_flight{api="nap"}'):
            pass
        server.process.send_signal(signal.SIGTERM)
        stopping = manager.next()
        assert not answer.done()
        (folder / "enough").touch()
        assert answer.result() == 7
        assert server.ended() == 0
    assert (stopping["STOPPING"], stopping["EXTEND_TIMEOUT_USEC"]) == ("1", "125000000")
    assert manager.senders == {server.process.pid}


def test_a_replacement_of_workers_is_announced_as_over_when_the_last_worker_is_new(serve, manager):
    with serve(manager.name, *TWO) as server:
        manager.until("READY")
        before = {server.ask("pid", 1) for _ in range(20)}
        asked = time.monotonic_ns() // 1000
        server.process.send_signal(signal.SIGHUP)
        begun = manager.next()
        assert begun["RELOADING"] == "1"
        assert asked <= int(begun["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
        assert manager.next() == {"READY": "1", "STATUS": "all workers of app:service are new"}
        assert before.isdisjoint(server.ask("pid", 1) for _ in range(20))
        assert manager.senders == {server.process.pid}


def test_a_failed_replacement_is_announced_as_over_and_its_reason_adds_no_other_notice(serve, manager, folder):
    with serve(manager.name, *TWO) as server:
        manager.until("READY")
        (folder / "broken").touch()
        server.process.send_signal(signal.SIGHUP)
        assert "RELOADING" in manager.next()
        assert manager.next() == {
            "READY": "1",
            "STATUS": "app:service stays as it is, because its replacement cannot start: OSError: the model is gone",
        }


def test_notices_about_a_bundle_have_its_tag(serve, manager, folder):
    Commands(folder)(BENTO, "save", "app:service", "--version", "3")
    with serve(manager.name, target="told:3"):
        assert manager.until("READY")[-1]["STATUS"].startswith("told:3 is ready on ")


def test_a_program_that_calls_serve_sends_notices_too(folder, manager):
    environment = {**os.environ, "NOTIFY_SOCKET": manager.name}
    with heard([sys.executable, "-c", PROGRAM, json.dumps({"workers": 2})], folder, environment) as server:
        manager.until("READY")
        assert manager.senders == {server.process.pid}


def test_notices_reach_an_abstract_socket(serve):
    manager = Manager(f"@bento-{os.getpid()}")
    with serve(manager.name):
        manager.until("READY")
    manager.close()


@EVERY_WAY
def test_neither_a_service_nor_its_children_see_the_socket_for_notices(serve, manager, options):
    with serve(manager.name, *options) as server:
        assert server.ask("seen", 1) == [None, None, False]


@pytest.mark.parametrize("options", [ONE, TWO], ids=["one worker", "two workers"])
def test_a_server_logs_once_that_nobody_hears_its_notices(serve, folder, options):
    with serve(str(folder / "nobody"), *options) as server:
        assert isinstance(server.ask("pid", 1), int)
        assert server.stop() == 0
    (line,) = [line for line in server.lines if "NOTIFY_SOCKET" in line]
    assert line.endswith(f"cannot tell NOTIFY_SOCKET='{folder}/nobody' the state of this server: No such file or directory\n")


def test_a_manager_that_does_not_read_notices_holds_up_no_server(serve, manager):
    manager.fill()
    with serve(manager.name) as server:
        assert isinstance(server.ask("pid", 1), int)
        assert server.stop() == 0
    (line,) = [line for line in server.lines if "NOTIFY_SOCKET" in line]
    assert line.endswith("the state of this server: timed out\n")


@EVERY_WAY
def test_a_server_sends_signs_of_life_if_it_is_asked_for_them(serve, manager, options):
    with serve(manager.name, *options, watchdog="1000000"):
        manager.until("READY")
        for _ in range(3):
            assert manager.until("WATCHDOG")[-1] == {"WATCHDOG": "1"}


def test_a_server_that_is_held_up_sends_no_sign_of_life(serve, manager):
    with serve(manager.name, *ONE, watchdog="1000000") as server, ThreadPoolExecutor() as pool:
        manager.until("READY")
        url = server.url
        pool.submit(httpx.post, f"{url}/freeze", json=1, timeout=60)
        with pytest.raises(TimeoutError):
            manager.read_on(2.0)
        server.stop(signal.SIGKILL)


def test_a_worker_that_is_held_up_is_ended_and_another_takes_its_place(serve, manager):
    with serve(manager.name, *TWO, watchdog="1000000") as server, ThreadPoolExecutor() as pool:
        manager.until("READY")
        url = server.url
        before = {server.ask("pid", 1) for _ in range(20)}
        pool.submit(httpx.post, f"{url}/freeze", json=1, timeout=60)
        held_up = re.search(r"worker (\d+) is held up: ending it", server.wait_for("is held up"))[1]
        server.wait_for(f"worker {held_up} ended by signal 9: starting another")
        assert int(held_up) in before
        assert int(held_up) not in {server.ask("pid", 1) for _ in range(20)}
        assert server.stop() == 0


def in_flight(server) -> float:
    return server.figure('bento_requests_in_flight{api="nap"}')


def test_a_worker_that_somebody_else_stops_is_not_ended_while_it_answers_its_last_requests(serve, manager, folder):
    with serve(manager.name, *TWO, watchdog="1000000") as server, ThreadPoolExecutor() as pool:
        manager.until("READY")
        workers = {server.ask("pid", 1) for _ in range(20)}
        answer = pool.submit(server.ask, "nap", 7)
        while not in_flight(server):
            pass
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
        # At each sign of life the server checks its workers.
        for _ in range(6):
            manager.until("WATCHDOG")
        (folder / "enough").touch()
        assert answer.result() == 7
        assert server.stop() == 0
        assert "is held up" not in server.said


def test_signs_of_life_are_sent_while_an_open_request_delays_a_reload(serve, manager, folder):
    with serve(manager.name, *RELOADING, watchdog="1000000") as server, ThreadPoolExecutor() as pool:
        manager.until("READY")
        answer = pool.submit(server.ask, "nap", 7)
        while not in_flight(server):
            pass
        (folder / "app.py").write_text(f"{APP}\n")
        server.wait_for("a source file changed")
        # This is more than the socket can hold from before the change.
        for _ in range(50):
            manager.until("WATCHDOG")
        assert not answer.done()
        (folder / "enough").touch()
        assert answer.result() == 7


def test_a_server_sends_no_signs_of_life_if_they_are_asked_of_another_process(folder, manager):
    with Commands(folder).served("app:service", NOTIFY_SOCKET=manager.name, WATCHDOG_USEC="1000000", WATCHDOG_PID="1") as server:
        manager.until("READY")
        assert server.stop() == 0
        assert "STOPPING" in manager.next()

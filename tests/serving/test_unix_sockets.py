"""A server that listens at a path, where a proxy on the same machine finds it."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import bento
from commands import BENTO, Commands
from running import eventually, heard, started

APP = """
import threading
from pathlib import Path

import bento
from bento.adapters import BytesAdapter


class Echo(bento.Service):
    def setup(self):
        if Path("broken").exists():
            raise OSError("there is no model")

    @bento.api
    def double(self, value: int) -> int:
        return 2 * value

    @bento.api(input=BytesAdapter())
    def size(self, body):
        return len(body)

    @bento.api(concurrency=8)
    def when_told(self, number: int) -> int:
        Path(f"{number}.here").touch()
        while not Path("go").exists():
            threading.Event().wait(0.01)
        return number


service = Echo()
"""
SOCKET = "iris.sock"


STOPPED_AT_ONCE = """
import json, logging, os, signal, sys
import bento

class Stopping(logging.Handler):
    "Has this process told to stop as soon as the server says that it starts."

    def emit(self, record):
        if "starts on" in record.getMessage():
            os.kill(os.getpid(), signal.SIGTERM)

logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[logging.StreamHandler(), Stopping()])
bento.serve("app:service", **json.loads(sys.argv[1]))
"""


class Nothing(bento.Service):
    @bento.api
    def nothing(self, value: int) -> int:
        return value


both = pytest.mark.parametrize("workers", ["1", "2"])


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


@contextmanager
def serving(folder, *options: str):
    with heard([BENTO, "serve", "app:service", "--uds", SOCKET, *options], folder) as server:
        server.wait_for("is ready on")
        yield server


def ask(folder: Path, api: str, value: object = None, **request) -> object:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(folder / SOCKET)), timeout=60) as client:
        return client.post(f"http://localhost/{api}", **({"json": value} | request)).json()


def refused(folder: Path, *options: str) -> str:
    return Commands(folder).refused(BENTO, "serve", "app:service", *options)


@both
def test_requests_on_both_lanes_and_of_any_size_are_answered_at_a_path_until_the_server_stops(folder, workers):
    with serving(folder, "--workers", workers) as server:
        assert f"app:service is ready on unix:{folder / SOCKET} after" in server.said
        assert ask(folder, "double", 21) == 42
        assert ask(folder, "double", 21, headers={"connection": "close"}) == 42
        assert ask(folder, "size", json=None, content=bytes(20_000_000)) == 20_000_000
        assert server.stop() == 0
    assert not (folder / SOCKET).exists()
    assert server.output.count("POST /double 200") == 2


def test_every_user_who_may_enter_the_folder_may_connect(folder):
    with serving(folder):
        assert stat.S_IMODE((folder / SOCKET).stat().st_mode) == 0o666


@pytest.mark.parametrize("lane", ["keep-alive", "close"])
def test_a_foreign_host_is_refused_at_a_path_as_on_a_loopback_address(folder, lane):
    with serving(folder, "--public-url", "https://api.example.org/iris"):
        assert ask(folder, "double", 21, headers={"host": "rebound.example", "connection": lane})["status"] == 403
        assert ask(folder, "double", 21, headers={"host": "api.example.org", "connection": lane}) == 42


@both
def test_all_that_was_sent_before_a_stop_is_answered(folder, workers):
    answers: dict[int, object] = {}
    clients = [threading.Thread(target=lambda each=each: answers.update({each: ask(folder, "when_told", each)})) for each in range(8)]
    with serving(folder, "--workers", workers) as server:
        for client in clients:
            client.start()
        assert eventually(lambda: len(list(folder.glob("*.here"))) == len(clients))
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: not (folder / SOCKET).exists())
        (folder / "go").touch()
        assert server.ended() == 0
    for client in clients:
        client.join()
    assert answers == {each: each for each in range(8)}


def test_workers_are_replaced_behind_the_same_path(folder):
    with serving(folder, "--workers", "2") as server:
        before = (folder / SOCKET).stat().st_ino
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("all workers of app:service are new")
        assert ask(folder, "double", 21) == 42
        assert (folder / SOCKET).stat().st_ino == before
        assert server.stop() == 0


@both
def test_the_path_of_a_server_that_was_killed_is_taken_over(folder, workers):
    with serving(folder, "--workers", workers) as killed:
        killed.stop(signal.SIGKILL)
    assert (folder / SOCKET).exists()
    with serving(folder, "--workers", workers):
        assert ask(folder, "double", 21) == 42


def test_a_path_in_use_is_left_to_whoever_listens_there(folder):
    with serving(folder):
        assert refused(folder, "--uds", SOCKET) == f"Error: {folder / SOCKET} is in use: choose another path with --uds\n"
        assert ask(folder, "double", 21) == 42


def test_a_file_that_is_not_a_socket_is_not_replaced(folder):
    (folder / SOCKET).write_text("mine")
    expected = f"Error: {folder / SOCKET} is there already, and is not a socket: choose another path with --uds\n"
    assert refused(folder, "--uds", SOCKET) == expected
    assert (folder / SOCKET).read_text() == "mine"


@pytest.mark.parametrize(("path", "reason"), [("no/such.sock", "No such file or directory"), ("x" * 120, "AF_UNIX path too long")])
def test_a_path_at_which_nobody_can_listen_is_refused(folder, path, reason):
    assert refused(folder, "--uds", path) == f"Error: cannot listen at {str(folder / path)!r}: {reason}\n"


def test_a_server_that_ends_leaves_its_path_to_another_server_that_has_taken_it(folder):
    with serving(folder) as first:
        (folder / SOCKET).unlink()
        with serving(folder):
            assert first.stop() == 0
            assert ask(folder, "double", 21) == 42


def test_a_server_that_cannot_remove_its_path_stops_all_the_same(folder):
    with serving(folder, "--workers", "2") as server:
        moved = folder.rename(folder.with_name("moved"))
        folder.touch()
        assert server.stop() == 0
        folder.unlink()
        moved.rename(folder)
    assert f"{folder / SOCKET} stays behind: Not a directory\n" in server.said


@pytest.mark.parametrize("options", [{"workers": 1}, {"workers": 2}, {"reload": True}], ids=str)
def test_a_stop_in_the_first_moment_leaves_no_path(folder, options):
    with started(folder, STOPPED_AT_ONCE, uds=SOCKET, **options) as server:
        assert server.ended() == 0
    assert f"app:service starts on unix:{folder / SOCKET} " in server.said
    assert not (folder / SOCKET).exists()


@both
def test_a_service_that_cannot_start_leaves_no_path(folder, workers):
    (folder / "broken").touch()
    assert "there is no model" in refused(folder, "--uds", SOCKET, "--workers", workers)
    assert not (folder / SOCKET).exists()


@pytest.mark.parametrize("option", ["host", "port"])
def test_a_path_together_with_a_host_or_a_port_is_refused(folder, option):
    said = refused(folder, "--uds", SOCKET, f"--{option}", "80")
    assert said.endswith(f"Error: a server listens at one place: expected --uds or --{option}, got both\n")


def test_a_path_that_no_file_can_have_is_refused(folder):
    path = folder / "a\0b"
    with pytest.raises(ValueError, match="embedded null") as of_python:
        path.stat()  # the words depend on its release
    with pytest.raises(bento.ServerError) as caught:
        bento.serve(Nothing(), uds=path)
    assert str(caught.value) == f"cannot listen at '{folder}/a\\x00b': {of_python.value}"


def test_a_folder_that_somebody_has_locked_is_an_error_in_a_sentence(folder, monkeypatch):
    monkeypatch.setattr("bento.serving.workers.sockets._PATIENCE", 0.0)
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        with pytest.raises(bento.ServerError) as caught:
            bento.serve(Nothing(), uds=folder / SOCKET)
    finally:
        os.close(held)
    assert str(caught.value) == f"somebody has had {folder} locked for 0 seconds: choose another folder with --uds"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_reloading_server_removes_its_path_when_its_terminal_ends(folder, number):
    with serving(folder, "--reload") as server:
        assert server.stop(number) == 0
    assert not (folder / SOCKET).exists()


def test_reloading_keeps_the_path(folder):
    with serving(folder, "--reload") as server:
        before = (folder / SOCKET).stat().st_ino
        (folder / "app.py").write_text(APP.replace("2 * value", "3 * value"))
        server.wait_for("is ready on", 2)
        assert ask(folder, "double", 21) == 63
        assert (folder / SOCKET).stat().st_ino == before
        assert server.stop() == 0
    assert not (folder / SOCKET).exists()

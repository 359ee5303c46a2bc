"""A socket on which another program already listens, as systemd hands it over: sd_listen_fds(3)."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

APP = """
import bento


class Double(bento.Service):
    @bento.api
    def double(self, value: int) -> int:
        return 2 * value


service = Double()
"""
# What an activator does between fork and exec: the socket becomes descriptor 3, and the variables name this very process.
ACTIVATE = """
import os, sys
descriptor, count, *command = sys.argv[1:]
if descriptor != "3":
    os.dup2(int(descriptor), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=count, LISTEN_FDNAMES="web")
os.set_inheritable(3, True)
os.execv(command[0], command)
"""


@pytest.fixture
def start(tmp_path):
    (tmp_path / "app.py").write_text(APP)

    @contextmanager
    def start(sock: socket.socket, *options: str, count: str = "1"):
        serve = [sys.executable, "-m", "bento", "serve", "app:service", *options]
        command = [sys.executable, "-c", ACTIVATE, str(sock.fileno()), count, *serve]
        process = subprocess.Popen(
            command, cwd=tmp_path, pass_fds=[sock.fileno()], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    return start


def wait_until_ready(process) -> str:
    for line in process.stderr:
        if found := re.search("is ready on ((?:http://|unix:)[^ ]+)", line):
            return found[1]
    raise AssertionError("it ended")


def stop(process) -> int:
    process.terminate()
    process.communicate(timeout=30)
    return process.returncode


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_client_that_connects_between_two_servers_is_answered_by_the_second(start, workers):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        with start(sock, "--workers", workers, "--port", "1") as process:
            assert wait_until_ready(process) == url
            assert httpx.post(f"{url}/double", json=21, timeout=60).json() == 42
            assert stop(process) == 0
        with socket.create_connection(sock.getsockname(), timeout=30) as waiting:
            waiting.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            with start(sock, "--workers", workers) as process:
                wait_until_ready(process)
                assert waiting.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_socket_for_all_ipv6_addresses_is_logged_with_an_address_that_can_be_opened(start):
    try:
        sock = socket.create_server(("::", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("there is no IPv6 here")
    with sock, start(sock) as process:
        assert wait_until_ready(process) == f"http://[::1]:{sock.getsockname()[1]}"
        assert stop(process) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_socket_at_a_path_is_taken_over_and_its_path_is_not_removed(start, tmp_path, workers):
    path = tmp_path / "iris.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        with start(sock, "--workers", workers) as process:
            assert wait_until_ready(process) == f"unix:{path}"
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), timeout=60) as client:
                assert client.post("http://localhost/double", json=21).json() == 42
            assert stop(process) == 0
    assert path.exists()


def test_an_abstract_socket_is_guarded_like_a_loopback_address(start):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(f"\0bento-{os.getpid()}")
        sock.listen()
        with start(sock) as process:
            assert wait_until_ready(process) == f"unix:@bento-{os.getpid()}"
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(sock.getsockname())
                client.sendall(b"GET / HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n")
                assert client.recv(65536).startswith(b"HTTP/1.1 403 ")
            assert stop(process) == 0


def test_more_sockets_than_one_are_refused(start):
    with socket.create_server(("127.0.0.1", 0)) as sock, start(sock, count="2") as process:
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (1, "Error: cannot take over LISTEN_FDS='2': expected 1 socket to listen on\n")


def test_a_socket_that_does_not_listen_is_refused(start):
    with socket.socket() as sock, start(sock) as process:
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (1, "Error: cannot take over ('0.0.0.0', 0): expected a TCP or Unix socket that listens\n")


def test_a_socket_for_another_process_is_left_alone(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    variables = {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
    command = [sys.executable, "-m", "bento", "serve", "app:service", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, env=variables, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert httpx.post(f"{wait_until_ready(process)}/double", json=21, timeout=60).json() == 42
        assert stop(process) == 0

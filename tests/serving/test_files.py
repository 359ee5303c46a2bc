"""How many connections a server has, which are files to the kernel."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from client import Connection, post
from commands import BENTO
from echo import write_app
from running import heard


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_may_have_more_connections_than_a_shell_lets_programs_have_files(tmp_path, workers):
    write_app(tmp_path)
    command = f"ulimit -S -n 64; exec {BENTO} serve app:service --port 0 --workers {workers}"
    with heard(["bash", "-c", command], tmp_path) as server, ExitStack() as stack:
        connections = [stack.enter_context(Connection(server.port)) for _ in range(200)]
        assert {connection.ask(post("/predict")).status for connection in connections} == {200}


def test_a_server_that_may_open_too_few_files_says_how_many_it_needs(tmp_path):
    write_app(tmp_path)
    with heard(["bash", "-c", f"ulimit -n 31; exec {BENTO} serve app:service --port 0"], tmp_path) as server:
        assert server.ended() == 1
        assert server.said == "Error: a server needs to open 32 files at least, and may open 31: raise the hard limit of open files\n"


@pytest.mark.parametrize("workers", [1, 2])
def test_the_fewest_files_that_a_server_may_open_are_enough(tmp_path, workers):
    write_app(tmp_path)
    with heard(["bash", "-c", f"ulimit -n 32; exec {BENTO} serve app:service --port 0 --workers {workers}"], tmp_path) as server:
        with Connection(server.port) as connection:
            assert connection.ask(post("/predict")).status == 200
        assert server.stop() == 0

"""A real server in a process of its own: ports, signals, workers, reload."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from client import post
from running import PROGRAM, SCARCE, Server, eventually, runs, started

SERVICE = """
import gc, os, time, warnings
import bento
from bento.adapters import JsonAdapter

class Worker(bento.Service):
    '''Says which process answers.'''

    def setup(self):
        self.collected = gc.isenabled()
        if os.path.exists("broken"):
            raise OSError("the model file is gone")

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def pid(self, value):
        return os.getpid()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def nap(self, value):
        "Until it may end."
        open("napping", "w").close()
        while not os.path.exists("rested"):
            time.sleep(0.01)
        return "rested"

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def filters(self, value):
        return [action for action, *_ in warnings.filters]

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def garbage(self, value):
        return {"while loading": self.collected, "afterwards": gc.isenabled(), "kept": gc.get_freeze_count() > 10_000}

service = Worker()
"""
NOT_AT_ONCE = 0.25
"""Seconds after which a further signal is a second one."""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    return tmp_path


def test_a_server_says_where_it_is_answers_and_ends_with_status_0(project):
    with started(project) as server:
        assert server.ask("pid", 1) == server.process.pid
        assert server.stop() == 0
        assert server.output.splitlines()[0].split()[1:4] == ["POST", "/pid", "200"]


@pytest.mark.parametrize(("option", "filters"), [(None, ["ignore"]), ("always", ["always"])])
def test_a_server_keeps_one_filter_of_warnings_unless_it_was_told_which(project, monkeypatch, option, filters):
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)
    if option:
        monkeypatch.setenv("PYTHONWARNINGS", option)
    with started(project) as server:
        assert server.ask("filters", 0)[:1] == filters
        assert (len(server.ask("filters", 0)) == 1) is (option is None)


def test_garbage_is_not_collected_while_a_service_loads_nor_searched_for_in_what_it_loaded(project):
    with started(project) as server:
        assert server.ask("garbage", 0) == {"while loading": False, "afterwards": True, "kept": True}


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_an_address_of_ipv6_may_be_in_brackets(project, host):
    with started(project, host=host) as server:
        assert server.url.startswith("http://[::1]:")
        assert server.ask("pid", 0) == server.process.pid


def test_ctrl_c_ends_a_server_with_status_0(project):
    with started(project) as server:
        server.wait_for("is ready on")
        assert server.stop(signal.SIGINT) == 0


def test_a_request_that_is_running_is_answered_before_the_server_ends(project):
    with started(project) as server:
        answers: list[object] = []
        asking = threading.Thread(target=lambda: answers.append(server.ask("nap", 1)))
        asking.start()
        assert eventually((project / "napping").exists)
        server.process.send_signal(signal.SIGTERM)
        (project / "rested").touch()
        assert server.ended() == 0
        asking.join()
    assert answers == ["rested"]


@pytest.mark.parametrize(("workers", "open_ones"), [(1, "1 requests are still being answered"), (2, "1 workers still answer requests")])
def test_a_stop_that_takes_its_time_says_what_it_waits_for(project, workers, open_ones):
    with started(project, workers=workers, grace=20) as server:
        url = server.url
        asking = threading.Thread(target=httpx.post, args=(f"{url}/nap",), kwargs={"json": 1, "timeout": 30})
        asking.start()
        assert eventually((project / "napping").exists)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("stopping")
        (project / "rested").touch()
        assert server.ended() == 0
        asking.join()
    assert server.lines[-1] == f"stopping: {open_ones}, for up to 20 s; another signal ends that\n"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_service_that_exits_while_it_starts_is_never_said_to_be_ready(project, workers):
    (project / "app.py").write_text(SERVICE.replace("raise OSError", "sys.exit(0)  #").replace("import gc", "import sys, gc"))
    (project / "broken").touch()
    with started(project, workers=workers) as server:
        assert server.process.wait(30) == 1
    assert "the service ended itself while it was starting: SystemExit(0)\n" in server.said
    assert "is ready" not in server.said


def test_a_server_that_is_told_to_end_while_its_service_loads_says_that_it_does_not_wait(project):
    os.mkfifo(project / "gate")
    (project / "app.py").write_text("open('loading', 'w')\nopen('gate')\n" + SERVICE)
    with started(project) as server:
        assert eventually((project / "loading").exists)
        assert server.stop() == 0
    assert server.lines[-1] == "the service still loads: ending without it\n"


def test_a_port_in_use_is_an_error_in_one_sentence(project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = subprocess.run(
            [sys.executable, "-c", f"import bento; bento.serve('app:service', port={port})"],
            cwd=project, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert run.stderr.splitlines()[-1] == (
        f"bento.errors.ServerError: port {port} on 127.0.0.1 is in use: choose another with --port, or 0 for a free one"
    )


def test_a_service_that_cannot_start_ends_the_server_with_its_error(project):
    (project / "broken").touch()
    with started(project) as server:
        assert server.process.wait(30) == 1
        server.wait_for("OSError: the model file is gone")


def test_health_is_answered_while_a_service_is_loading(project):
    (project / "app.py").write_text(SERVICE.replace("class Worker", "while not os.path.exists('go'): time.sleep(0.01)\nclass Worker"))
    with started(project) as server:
        url = re.search(r"http://\S+", server.wait_for("starts on"))[0]
        assert httpx.get(f"{url}/livez", timeout=60).status_code == 200
        assert httpx.get(f"{url}/readyz", timeout=60).text == "loading\n"
        refused = httpx.post(f"{url}/pid", json=1, timeout=60)
        assert (refused.status_code, refused.json()["detail"], refused.headers["retry-after"]) == (503, "the service is loading", "1")
        (project / "go").touch()
        assert server.ask("pid", 1) == server.process.pid


def pids_of(server: Server, count: int) -> set[int]:
    """The processes that answer, once there are `count` of them."""
    seen: set[int] = set()

    def all_have_answered() -> bool:
        seen.add(httpx.post(f"{server.url}/pid", json=1, timeout=60).json())
        return len(seen) == count

    assert eventually(all_have_answered)
    return seen


def test_workers_share_a_port_and_their_metrics_are_added_up(project):
    with started(project, workers=2) as server:
        pids_of(server, 2)
        answered: set[float] = set()

        def all_say_the_same() -> bool:
            answered.clear()
            answered.update(server.figure('bento_requests_total{api="pid",status="200"}') for _ in range(10))
            return len(answered) == 1

        # An answer is counted once it is sent.
        assert eventually(all_say_the_same)
        assert min(answered) >= 2
        assert server.stop() == 0


def test_a_worker_that_dies_is_replaced(project):
    with started(project, workers=2) as server:
        victim = min(pids_of(server, 2))
        os.kill(victim, signal.SIGKILL)
        server.wait_for("worker .* ended by signal 9: starting another")
        assert victim not in pids_of(server, 2)
        assert server.stop() == 0


def test_workers_that_cannot_start_end_the_server_with_their_error(project):
    (project / "broken").touch()
    with started(project, workers=2, grace=300) as server:
        assert server.process.wait(30) == 1
        server.wait_for("bento.errors.ServerError: app:service cannot start: OSError: the model file is gone")


def test_workers_end_when_their_supervisor_is_killed(project):
    with started(project, workers=2) as server:
        pids = pids_of(server, 2)
        server.process.kill()
        server.process.wait()
        assert eventually(lambda: not any(runs(pid) for pid in pids))


def test_a_changed_source_file_is_served_anew(project):
    with started(project, reload=True) as server:
        assert isinstance(server.ask("pid", 1), int)
        (project / "app.py").write_text(SERVICE.replace("return os.getpid()", "return 'new'"))
        server.wait_for("^a source file changed: restarting$")
        server.wait_for("is ready on", count=2)
        assert server.ask("pid", 1) == "new"
        assert server.stop() == 0


def test_a_change_of_the_same_second_and_size_is_served_anew(project, monkeypatch):
    # Python then keeps compiled files, as it does by default.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    source = project / "app.py"
    second = 1_800_000_000 * 10**9
    os.utime(source, ns=(second, second))
    with started(project, reload=True) as server:
        assert isinstance(server.ask("pid", 1), int)
        changed = project / "changed"
        changed.write_text(SERVICE.replace("return os.getpid()", "return 'new'".ljust(len("return os.getpid()"))))
        os.utime(changed, ns=(second, second + 10**8))
        changed.replace(source)
        server.wait_for("is ready on", count=2)
        assert server.ask("pid", 1) == "new"
        assert server.stop() == 0


def test_a_broken_change_waits_for_the_next_one(project):
    with started(project, reload=True) as server:
        server.wait_for("is ready on")
        (project / "app.py").write_text("syntax error")
        server.wait_for("^the service cannot start: waiting for a change$")
        (project / "app.py").write_text(SERVICE)
        server.wait_for("is ready on", count=2)
        assert isinstance(server.ask("pid", 1), int)
        assert server.stop() == 0


def test_a_server_that_is_told_to_end_while_it_reloads_ends(project):
    with started(project, reload=True) as server:
        server.wait_for("is ready on")
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(post("/nap"))
            assert eventually((project / "napping").exists)
            (project / "app.py").write_text(SERVICE + "\n")
            server.wait_for("a source file changed")
            server.process.send_signal(signal.SIGTERM)
            assert eventually(lambda: has_taken_its_signals(server))
            (project / "rested").touch()
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
            assert server.ended() == 0
        assert len([line for line in server.lines if "is ready on" in line]) == 1


def test_a_source_file_that_cannot_be_examined_does_not_end_a_reloading_server(project):
    with started(project, reload=True) as server:
        server.wait_for("is ready on")
        here = os.open(project, os.O_DIRECTORY)
        # The folders can be listed, but the path of the file is too long. A file that was deleted meanwhile is met in the same way.
        for name in ["deep" * 50] * ((4090 - len(str(project))) // 201):
            os.mkdir(name, dir_fd=here)
            above, here = here, os.open(name, os.O_DIRECTORY, dir_fd=here)
            os.close(above)
        os.close(os.open(f"{'deeper' * 40}.py", os.O_CREAT, dir_fd=here))
        os.close(here)
        (project / "app.py").write_text(SERVICE.replace("return os.getpid()", "return 'new'"))
        server.wait_for("is ready on", count=2)
        assert server.ask("pid", 1) == "new"
        assert server.stop() == 0


def test_a_reloading_server_that_can_start_no_further_process_says_so(project):
    with started(project, f"{SCARCE}{PROGRAM}", reload=True) as server:
        server.wait_for("is ready on")
        (project / "crowded").touch()
        (project / "app.py").write_text(f"{SERVICE}\n")
        server.wait_for(
            "^bento.errors.ServerError: app:service cannot start: no more processes can be started: Resource temporarily unavailable: "
            "allow its user or container more processes and threads$"
        )
        assert server.ended() == 1


def has_taken_its_signals(server: Server) -> bool:
    """Whether no signal waits for a server."""
    return re.search(r"^ShdPnd:\s+0+$", Path(f"/proc/{server.process.pid}/status").read_text(), re.MULTILINE) is not None


@pytest.mark.parametrize("is_changed", [False, True], ids=["it serves", "it starts anew"])
def test_a_second_signal_ends_a_reloading_server_with_status_1(project, is_changed):
    with started(project, reload=True) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(post("/nap"))
        assert eventually((project / "napping").exists)
        if is_changed:
            (project / "app.py").write_text(SERVICE + "\n")
            server.wait_for("a source file changed")
        server.process.send_signal(signal.SIGINT)
        assert eventually(lambda: has_taken_its_signals(server))
        taken = time.monotonic()
        assert eventually(lambda: time.monotonic() > taken + NOT_AT_ONCE)
        assert server.stop(signal.SIGINT) == 1
        server.wait_for("^bento.errors.ServerError: stopped, but the process that served app:service ended by signal 9$")


def test_a_reloading_server_ends_with_status_1_if_the_grace_period_was_too_short(project):
    with started(project, reload=True, grace=0.1) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(post("/nap"))
        assert eventually((project / "napping").exists)
        assert server.stop() == 1
        server.wait_for("^the grace period of 0.1 seconds is over: ending without 1 answers$")
        server.wait_for("^bento.errors.ServerError: stopped, but the process that served app:service ended with status 1$")


def test_a_server_that_waits_for_a_change_is_stopped_with_status_0(project):
    (project / "app.py").write_text("syntax error")
    with started(project, reload=True) as server:
        server.wait_for("^the service cannot start: waiting for a change$")
        assert server.stop() == 0


def test_two_signals_at_once_count_as_one_for_a_reloading_server(project):
    with started(project, reload=True) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(post("/nap"))
        assert eventually((project / "napping").exists)
        # Two different signals, because a second one of the same number is lost while the first is pending.
        for number in (signal.SIGINT, signal.SIGTERM):
            server.process.send_signal(number)
        assert eventually(lambda: has_taken_its_signals(server))
        (project / "rested").touch()
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert server.ended() == 0

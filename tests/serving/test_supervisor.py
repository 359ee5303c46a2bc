"""Workers: what they share, how they are replaced, and what a server says of them."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

import running
from bento.compiled import is_compiled
from client import Connection, post, wait_until_refused
from commands import BENTO
from running import PROGRAM, SCARCE, Server, processes, runs, started

SERVICE = """
import os, time
import bento
from bento.adapters import JsonAdapter

class Worker(bento.Service):
    '''Says which process answers, and what it has loaded.'''

    def setup(self):
        if os.path.exists("broken"):
            raise OSError("the model file is gone")

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def pid(self, value):
        return os.getpid()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def loaded(self, value):
        return LOADED

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def freeze(self, value):
        "Holds up the whole process, as no api should."
        time.sleep(60)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def threads(self, value):
        return os.environ.get("OMP_NUM_THREADS")

LOADED = os.getpid()
service = Worker()
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    return tmp_path


def ask(server: Server, api: str) -> object:
    """An api's answer on a new connection, from whichever worker takes it."""
    return httpx.post(f"{server.url}/{api}", json=1, timeout=60).json()


def answers_of(server: Server, api: str, count: int) -> set[object]:
    """The workers' answers, once there are `count` different ones."""
    seen: set[object] = set()
    eventually(lambda: seen.add(ask(server, api)) or len(seen) >= count)
    return seen


def eventually(holds: Callable[[], object]) -> None:
    assert running.eventually(holds)


def memory(pid: int) -> int:
    """The bytes that a server's processes hold; shared bytes count once."""
    rolls = [Path(f"/proc/{process}/smaps_rollup").read_text() for process in processes(pid)]
    return sum(int(found[1]) for roll in rolls if (found := re.search(r"^Pss:\s+(\d+) kB", roll, re.MULTILINE))) * 1024


@contextmanager
def asking(server: Server, clients: int = 4) -> Iterator[Counter[str]]:
    """Clients that keep asking, each on a connection of its own until it is closed, and count the answers."""
    heard: Counter[str] = Counter()
    over = threading.Event()

    def ask_on() -> None:
        while not over.is_set():
            with Connection(server.port) as connection:
                closing = False
                while not (closing or over.is_set()):
                    try:
                        answer = connection.ask(post("/pid"))
                    except OSError as error:
                        heard[f"lost: {error!r}"] += 1
                        break
                    heard[str(answer.status)] += 1
                    closing = answer.headers.get("connection") == "close"

    threads = [threading.Thread(target=ask_on) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield heard
    finally:
        over.set()
        for thread in threads:
            thread.join()


# What workers share


def test_four_workers_of_a_large_model_take_little_more_memory_than_one(project):
    (project / "app.py").write_text(f"{SERVICE}\nimport numpy\nservice.model = numpy.ones(50_000_000)\n")
    sizes = {}
    for workers in (1, 4):
        with started(project, workers=workers) as server:
            answers_of(server, "pid", workers)
            sizes[workers] = memory(server.process.pid)
            server.stop()
    assert sizes[1] > 400_000_000
    assert sizes[4] < 1.3 * sizes[1]


def test_workers_are_forked_from_a_process_that_has_loaded(project):
    with started(project, workers=2) as server:
        server.wait_for("2 workers are forked from a process that has loaded app:service, and share it")
        pids = answers_of(server, "pid", 2)
        (loaded,) = {ask(server, "loaded") for _ in range(10)}
        assert loaded not in pids


def test_a_library_that_is_ready_for_forks_does_not_keep_workers_from_sharing(project):
    (project / "app.py").write_text(f"import numpy\n{SERVICE}")
    with started(project, f"import os\nos.environ['OPENBLAS_NUM_THREADS'] = '4'\n{PROGRAM}", workers=2) as server:
        server.wait_for("2 workers are forked from a process that has loaded app:service, and share it")


def test_each_worker_loads_for_itself_if_a_thread_runs(project):
    (project / "app.py").write_text(f"import threading\nthreading.Thread(target=threading.Event().wait, name='ticker').start()\n{SERVICE}")
    with started(project, workers=2) as server:
        server.wait_for("each of 2 workers loads app:service for itself, because a fork after that is unsafe: thread 'ticker' runs")
        pids = answers_of(server, "pid", 2)
        assert answers_of(server, "loaded", 2) == pids
        os.kill(min(pids), signal.SIGKILL)
        eventually(lambda: len(answers_of(server, "pid", 2) - pids) == 1)
        assert server.stop() == 0


def test_each_worker_loads_for_itself_if_a_framework_cannot_be_forked(project):
    (project / "jax.py").touch()
    (project / "app.py").write_text(f"import jax\n{SERVICE}")
    with started(project, workers=2) as server:
        server.wait_for("for itself, because a fork after that is unsafe: jax does not survive a fork")
        assert answers_of(server, "loaded", 2) == answers_of(server, "pid", 2)


def test_each_worker_loads_for_itself_if_a_device_is_in_use(project):
    """/dev/zero stands for a GPU, whose driver does not work in children of the process that has opened it."""
    (project / "app.py").write_text(f"device = open('/dev/zero')\n{SERVICE}")
    program = PROGRAM.replace("bento.serve", "from bento.serving.workers import forking\nforking._DEVICES = ('/dev/zero',)\nbento.serve")
    with started(project, program, workers=2) as server:
        server.wait_for("each of 2 workers loads app:service for itself, because a fork after that is unsafe: /dev/zero is in use")
        assert answers_of(server, "loaded", 2) == answers_of(server, "pid", 2)


def test_a_service_in_memory_is_not_shared_with_workers_if_a_thread_runs(project):
    program = PROGRAM.replace('"app:service"', "app.service").replace("import json", "import app, threading, json")
    waiting = "threading.Thread(target=threading.Event().wait, name='ticker', daemon=True).start()\nbento.serve"
    with started(project, program.replace("bento.serve", waiting), workers=2) as server:
        assert server.process.wait(60) == 1
        server.wait_for(
            "bento.errors.ServerError: worker is in memory, and not safe to share with many workers, because thread 'ticker' runs: "
            "save it and serve its tag"
        )


def test_a_service_in_memory_is_served_by_many_workers(project):
    program = PROGRAM.replace('"app:service"', "app.service").replace("import json", "import app, json")
    with started(project, program, workers=2) as server:
        assert len(answers_of(server, "pid", 2)) == 2
        assert ask(server, "loaded") == server.process.pid
        assert server.stop() == 0


def test_libraries_of_many_workers_share_the_processors(project, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    workers = 2 * len(os.sched_getaffinity(0))
    with started(project, workers=workers) as server:
        assert ask(server, "threads") == "1"


def test_the_number_of_threads_that_the_user_has_set_stays(project, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    with started(project, workers=2) as server:
        assert ask(server, "threads") == "3"


def test_requests_to_different_workers_have_different_ids(project):
    with started(project, workers=2) as server:
        first = {}
        while len(first) < 2:
            answer = httpx.post(f"{server.url}/pid", json=1, timeout=60)
            first.setdefault(answer.json(), answer.headers["x-request-id"])
        assert len({request_id[:12] for request_id in first.values()}) == 2


# What a server logs and answers while it starts


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_logs_what_a_user_needs_and_nothing_else(project, workers):
    with started(project, workers=workers) as server:
        ask(server, "pid")
        assert server.stop() == 0
    shared = ["2 workers are forked from a process that has loaded app:service, and share it"] if workers > 1 else []
    said = [re.sub(r"\d+\.\d+\.\d+\.\d+:\d+|\d+\.\d+ s|process \d+", "_", line.strip()) for line in server.lines]
    loops = ", with compiled loops" if is_compiled() else ""
    assert said == [f"app:service starts on http://_ (_{loops})", *shared, "app:service is ready on http://_ after _: Ctrl-C stops it"]


def test_health_is_answered_while_the_service_of_many_workers_is_loading(project):
    (project / "app.py").write_text(SERVICE.replace("class Worker", "while not os.path.exists('go'): time.sleep(0.01)\nclass Worker"))
    with started(project, workers=2) as server:
        url = re.search(r"http://\S+", server.wait_for("starts on"))[0]
        assert httpx.get(f"{url}/livez", timeout=60).status_code == 200
        assert httpx.get(f"{url}/readyz", timeout=60).text == "loading\n"
        refused = httpx.post(f"{url}/pid", json=1, timeout=60)
        assert (refused.status_code, refused.json()["detail"], refused.headers["retry-after"]) == (503, "the service is loading", "1")
        (project / "go").touch()
        server.wait_for("is ready on")
        eventually(lambda: httpx.get(f"{url}/readyz", timeout=60).text == "ready\n")
        assert {type(ask(server, "pid")) for _ in range(20)} == {int}
        assert server.stop() == 0


def test_no_worker_is_ready_before_the_process_that_refuses_requests_during_loading_is_gone(project):
    (project / "app.py").write_text(SERVICE.replace("class Worker", "while not os.path.exists('go'): time.sleep(0.01)\nclass Worker"))
    with started(project, workers=2) as server:
        url = re.search(r"http://\S+", server.wait_for("starts on"))[0]
        assert httpx.get(f"{url}/readyz", timeout=60).text == "loading\n"
        porter = processes(server.process.pid)[-1]
        os.kill(porter, signal.SIGSTOP)
        (project / "go").touch()
        # A process that answers now is a worker.
        assert httpx.get(f"{url}/readyz", timeout=60).text == "loading\n"
        os.kill(porter, signal.SIGCONT)
        server.wait_for("is ready on")
        assert httpx.get(f"{url}/readyz", timeout=60).text == "ready\n"
        assert {httpx.post(f"{url}/pid", json=1, timeout=60).status_code for _ in range(20)} == {200}
        assert server.stop() == 0


# How workers are replaced


def test_a_killed_worker_is_replaced_within_a_second_whatever_loading_takes(project):
    (project / "app.py").write_text(f"import time\ntime.sleep(1.5)\n{SERVICE}")
    with started(project, workers=2) as server:
        # A busy machine may spoil some.
        assert any(seconds_until_replaced(server) < 1.0 for _ in range(3))
        assert server.stop() == 0


def seconds_until_replaced(server: Server) -> float:
    """Kill the oldest worker, and return how long it takes until another answers in its place."""
    before = answers_of(server, "pid", 2)
    victim = min(before, key=lambda pid: Path(f"/proc/{pid}").stat().st_ctime_ns)
    os.kill(victim, signal.SIGKILL)
    killed = time.monotonic()
    eventually(lambda: ask(server, "pid") not in before)
    seconds = time.monotonic() - killed
    server.wait_for(f"worker {victim} ended by signal 9: starting another")
    return seconds


def test_a_worker_that_cannot_start_any_more_leaves_the_others_serving_and_is_tried_again(project):
    with started(project, workers=2) as server:
        before = answers_of(server, "pid", 2)
        (project / "broken").touch()
        os.kill(min(before), signal.SIGKILL)
        server.wait_for("a new worker cannot start, trying again in .* seconds: OSError: the model file is gone")
        assert {ask(server, "pid") for _ in range(10)} == {max(before)}
        (project / "broken").unlink()
        answers_of(server, "pid", 2)


def test_workers_are_replaced_and_stop_after_a_time_in_which_no_process_could_be_started(project):
    (project / "app.py").write_text(f"{SERVICE}{SCARCE}")
    with started(project, workers=2) as server:
        before = answers_of(server, "pid", 2)
        (project / "crowded").touch()
        os.kill(min(before), signal.SIGKILL)
        reason = (
            "no more processes can be started: Resource temporarily unavailable: allow its user or container more processes and threads"
        )
        server.wait_for(f"a new worker cannot start, trying again in .* seconds: {reason}")
        (project / "crowded").unlink()
        after = answers_of(server, "pid", 2)
        os.kill(max(before), signal.SIGKILL)
        eventually(lambda: answers_of(server, "pid", 2) - after)
        assert server.stop() == 0


def test_the_process_that_workers_are_forked_from_survives_a_time_without_free_file_descriptors(project):
    with started(project, workers=2) as server:
        before = answers_of(server, "pid", 2)
        (template,) = {ask(server, "loaded") for _ in range(3)}
        limits = resource.prlimit(template, resource.RLIMIT_NOFILE, (3, resource.prlimit(template, resource.RLIMIT_NOFILE)[1]))
        os.kill(min(before), signal.SIGKILL)
        server.wait_for("a new worker cannot start, trying again in .* seconds: no more processes can be started: Too many open files")
        resource.prlimit(template, resource.RLIMIT_NOFILE, limits)
        answers_of(server, "pid", 2)
        assert {ask(server, "loaded") for _ in range(10)} == {template}
        assert server.stop() == 0


@pytest.mark.parametrize("spared", [2, 1], ids=["the workers", "all of its processes"])
def test_a_server_recovers_once_nobody_kills_its_processes_any_more(project, spared):
    with started(project, workers=2) as server:
        answers_of(server, "pid", 2)
        killed: set[int] = set()
        while len(killed) < 8:
            for pid in processes(server.process.pid)[spared:]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)
            assert server.process.poll() is None
        # Until a worker is ready, answers say that the service is loading.
        eventually(lambda: isinstance(ask(server, "pid"), int))
        answers_of(server, "pid", 2)
        assert server.stop() == 0


def test_requests_are_answered_while_the_process_that_workers_are_forked_from_is_replaced(project):
    with started(project, workers=2) as server:
        before = answers_of(server, "pid", 2)
        (template,) = {ask(server, "loaded") for _ in range(3)}
        with asking(server) as heard:
            os.kill(template, signal.SIGKILL)
            server.wait_for("the process that workers are forked from ended by signal 9: loading again")
            server.wait_for("all workers of app:service are new")
        assert set(heard) == {"200"}
        assert not answers_of(server, "pid", 2) & before
        eventually(lambda: not any(runs(pid) for pid in before))
        assert server.stop() == 0


DOOMED = """
import signal
fork = os.fork

def fork_for_the_last_time():
    if not os.path.exists("doomed"):
        return fork()
    os.unlink("doomed")
    if WHEN == "before" or fork():
        os.kill(os.getpid(), signal.SIGKILL)
    return 0

os.fork = fork_for_the_last_time
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_workers_are_replaced_even_if_the_process_that_they_are_forked_from_ends_during_a_fork(project, when):
    (project / "app.py").write_text(f"{SERVICE}{DOOMED.replace('WHEN', repr(when))}")
    with started(project, workers=2) as server:
        before = answers_of(server, "pid", 2)
        (project / "doomed").touch()
        os.kill(min(before), signal.SIGKILL)
        for count in (1, 2):
            server.wait_for("all workers of app:service are new", count)
            # The server, the process that workers come from, and two of them.
            eventually(lambda: len(processes(server.process.pid)) == 4)
            assert answers_of(server, "pid", 2) < set(processes(server.process.pid))
            server.process.send_signal(signal.SIGHUP)
        assert server.stop() == 0
        assert "the supervisor is gone" not in server.said


DOOMED_TO_LAST = """
import signal
write = os.write

def write_for_the_last_time(*what):
    if os.path.exists("doomed"):
        os.unlink("doomed")
        os.kill(os.getpid(), signal.SIGKILL)
    return write(*what)

os.write = write_for_the_last_time
while os.path.exists("late"):
    time.sleep(0.01)
"""


def test_a_worker_that_ends_unheard_while_no_other_serves_does_not_end_the_server(project):
    (project / "app.py").write_text(f"{SERVICE}{DOOMED_TO_LAST}")
    with started(project, workers=2) as server:
        before = answers_of(server, "pid", 2)
        (template,) = {ask(server, "loaded") for _ in range(3)}
        for name in ("doomed", "late"):
            (project / name).touch()
        # The template is stopped, so that it learns of both ends at once.
        os.kill(template, signal.SIGSTOP)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        os.kill(template, signal.SIGCONT)
        server.wait_for("trying again in .* seconds: a process ended after its parent before it was ready")
        (project / "late").unlink()
        eventually(lambda: isinstance(ask(server, "pid"), int))
        assert answers_of(server, "pid", 2)
        assert server.stop() == 0


def test_sighup_replaces_workers_with_the_changed_service_without_losing_a_request(project):
    with started(project, workers=2) as server:
        before = answers_of(server, "pid", 2)
        (project / "app.py").write_text(SERVICE.replace("return LOADED", "return 'new'"))
        with asking(server) as heard:
            server.process.send_signal(signal.SIGHUP)
            server.wait_for("all workers of app:service are new")
            eventually(lambda: not any(runs(pid) for pid in before))
        assert set(heard) == {"200"}
        assert {ask(server, "loaded") for _ in range(10)} == {"new"}
        assert server.stop() == 0


def test_workers_that_a_signal_to_all_processes_has_ended_are_not_replaced(project):
    with started(project, workers=2) as server:
        workers = answers_of(server, "pid", 2)
        server.process.send_signal(signal.SIGSTOP)
        for pid in (server.process.pid, *workers):
            os.kill(pid, signal.SIGTERM)
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        server.process.send_signal(signal.SIGCONT)
        assert server.ended() == 0
    assert "starting another" not in server.said


def test_the_error_of_a_service_that_no_worker_can_start_is_logged_once(project):
    together = "open(f'tried-{os.getpid()}', 'w').close()\n        while sum('tried' in name for name in os.listdir()) < 2: pass\n        "
    (project / "app.py").write_text(SERVICE.replace('if os.path.exists("broken"):', f"{together}if True:"))
    with started(project, workers=2) as server:
        assert server.ended() == 1
    assert "could not end" not in server.said
    assert server.lines.count("OSError: the model file is gone\n") == 1


def test_a_worker_that_hangs_does_not_outlive_its_replacement_for_long(project):
    with started(project, workers=2, grace=0.2) as server, Connection(server.port) as connection:
        pid = int(connection.ask(post("/pid")).body)
        connection.send(post("/freeze"))
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("^loading app:service again, to replace its workers one by one$")
        server.wait_for("^all workers of app:service are new$")
        eventually(lambda: not runs(pid))


@pytest.mark.parametrize("change", ["syntax error", f"{SERVICE}\nos.close(3.5)", "broken"])
def test_sighup_leaves_workers_as_they_are_if_their_replacement_cannot_start(project, change):
    with started(project, workers=2) as server:
        before = answers_of(server, "pid", 2)
        if change == "broken":
            (project / "broken").touch()
        else:
            (project / "app.py").write_text(change)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("app:service stays as it is, because its replacement cannot start: ")
        assert answers_of(server, "pid", 2) == before
        (project / "broken").unlink(missing_ok=True)
        (project / "app.py").write_text(SERVICE)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("all workers of app:service are new")
        assert server.stop() == 0


def test_a_worker_that_gets_another_signal_after_its_last_answer_has_ended_well(project):
    last = "class Last:\n    def flush(self):\n        os.kill(os.getpid(), signal.SIGTERM)\n\n"
    closing = "    def close(self):\n        sys.stdout = Last()\n\n    def setup"
    service = SERVICE.replace("class Worker", f"{last}class Worker").replace("    def setup", closing)
    (project / "app.py").write_text(f"import signal, sys\n{service}")
    with started(project, workers=2) as server:
        server.wait_for("is ready on")
        assert server.stop() == 0
    assert "ended by signal" not in server.said


def test_sighup_while_the_first_workers_start_replaces_them_once_they_serve(project):
    held = "open('begun', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.01)\n"
    (project / "app.py").write_text(SERVICE.replace("class Worker", f"{held}class Worker"))
    with started(project, workers=2) as server:
        eventually((project / "begun").exists)
        (project / "app.py").write_text("syntax error")
        server.process.send_signal(signal.SIGHUP)
        (project / "go").touch()
        server.wait_for("^app:service stays as it is, because its replacement cannot start: SyntaxError: ")
        server.wait_for("is ready on")
        (project / "app.py").write_text(SERVICE)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("^all workers of app:service are new$")
        assert server.stop() == 0


@contextmanager
def serving_the_latest(folder: Path) -> Iterator[tuple[Server, Callable[..., object]]]:
    """A server of `worker:latest` in a store that has version 1, and a function that runs a command with that store."""
    home = str(folder / "home")
    (folder / "app.py").write_text(SERVICE)
    program = PROGRAM.replace("app:service", "worker:latest").replace(
        "import json", f"import os; os.environ['BENTO_HOME'] = {home!r}\nimport json"
    )

    def run(*arguments: str) -> None:
        subprocess.run([BENTO, *arguments], cwd=folder, env={**os.environ, "BENTO_HOME": home}, check=True, capture_output=True)

    run("save", "app:service", "--version", "1")
    with started(folder, program, workers=2) as server:
        yield server, run


def test_sighup_takes_the_latest_version_that_is_in_the_store_now(tmp_path):
    with serving_the_latest(tmp_path) as (server, run):
        assert httpx.get(f"{server.url}/openapi.json", timeout=60).json()["info"]["version"] == "1"
        run("save", "app:service", "--version", "2")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("all workers of worker:2 are new")
        eventually(lambda: httpx.get(f"{server.url}/openapi.json", timeout=60).json()["info"]["version"] == "2")


def test_after_a_failed_replacement_the_log_names_the_version_that_goes_on_serving(tmp_path):
    with serving_the_latest(tmp_path) as (server, run):
        server.wait_for("^worker:1 is ready")
        run("save", "app:service", "--version", "2")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("^all workers of worker:2 are new$")
        run("save", "app:service", "--version", "3")
        (tmp_path / "broken").touch()
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("^worker:2 stays as it is, because its replacement cannot start: OSError: the model file is gone$")
        run("delete", "--yes", "worker:1", "worker:2", "worker:3")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("^worker:2 stays as it is, because its replacement cannot start: NotFound: ")


def test_a_running_server_is_not_mixed_with_a_bento_core_that_was_installed_meanwhile(project):
    with started(project, workers=2) as server:
        before = answers_of(server, "pid", 2)
        newer = project / "bento_core-99.0.dist-info"
        newer.mkdir()
        (newer / "METADATA").write_text("Metadata-Version: 2.1\nName: bento-core\nVersion: 99.0\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(
            "^app:service stays as it is, because its replacement cannot start: ServerError: bento-core 99.0 is installed now, "
            r"and [0-9.]+ is running: start the server again$"
        )
        assert answers_of(server, "pid", 2) == before


def test_figures_never_go_down_whatever_becomes_of_workers(project):
    figure = 'bento_requests_total{api="pid",status="200"}'
    with started(project, workers=2) as server, asking(server):
        seen = [server.figure(figure)]

        def has_changed(count: int) -> bool:
            seen.append(server.figure(figure))
            return sum("are new" in line for line in server.lines) == count

        os.kill(min(answers_of(server, "pid", 2)), signal.SIGKILL)
        for count, change in enumerate(("def early(self, value): ...", "def even_earlier(self, value): ..."), 1):
            api = f"    @bento.api(input=JsonAdapter())\n    {change}\n\n"
            (project / "app.py").write_text(SERVICE.replace("    def setup", f"{api}    def setup"))
            server.process.send_signal(signal.SIGHUP)
            eventually(lambda count=count: has_changed(count))
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


def test_requests_of_a_worker_that_is_gone_are_not_in_flight(project):
    (project / "app.py").write_text(SERVICE.replace("return LOADED", "time.sleep(60)"))
    with started(project, workers=2) as server, Connection(server.port) as connection:
        pid = int(connection.ask(post("/pid")).body)
        connection.send(post("/loaded"))
        eventually(lambda: server.figure('bento_requests_in_flight{api="loaded"}') == 1)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: server.figure('bento_requests_in_flight{api="loaded"}') == 0)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 1), (signal.SIGHUP, 0)], ids=["a stop", "a replacement"])
def test_a_worker_that_is_killed_while_it_answers_its_last_requests_is_reported(project, number, status):
    (project / "app.py").write_text(SERVICE.replace("return LOADED", "time.sleep(60)"))
    with started(project, workers=2) as server, Connection(server.port) as connection:
        pid = int(connection.ask(post("/pid")).body)
        connection.send(post("/loaded"))
        eventually(lambda: server.figure('bento_requests_in_flight{api="loaded"}') == 1)
        server.process.send_signal(number)
        if number == signal.SIGHUP:
            server.wait_for("^all workers of app:service are new$")
        else:
            wait_until_refused(server.port)
        os.kill(pid, signal.SIGKILL)
        server.wait_for(f"^worker {pid} ended by signal 9 before it had answered all its requests$")
        assert server.stop() == status
    assert server.said.count("ServerError: stopped, but 1 of the workers ended by force or with an error") == status


def test_a_process_that_is_loading_does_not_outlive_a_server_that_is_killed(project):
    (project / "app.py").write_text("import threading\nthreading.Event().wait()")
    with started(project, workers=2) as server:
        server.wait_for("starts on")
        eventually(lambda: len(processes(server.process.pid)) == 3)
        everybody = processes(server.process.pid)
        server.process.kill()
        server.process.wait()
        eventually(lambda: not any(runs(pid) for pid in everybody))


@pytest.mark.parametrize("options", [{"workers": 2}, {"reload": True}])
def test_no_process_outlives_a_server_that_is_killed(project, options):
    with started(project, **options) as server:
        ask(server, "pid")
        everybody = processes(server.process.pid)
        server.process.kill()
        server.wait_for("^the supervisor is gone: stopping$")
        server.process.wait()
        eventually(lambda: not any(runs(pid) for pid in everybody))


def test_a_server_with_one_worker_ends_with_its_terminal(project):
    with started(project) as server:
        ask(server, "pid")
        assert server.stop(signal.SIGHUP) == 0

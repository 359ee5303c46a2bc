"""Processes that a service forks, as with multiprocessing: a signal to one of them is not a signal to the server."""

from __future__ import annotations

import os
import signal

import pytest

from running import PROGRAM, eventually, runs, started

SERVICE = """
import concurrent.futures, multiprocessing, os, signal, sys, time
import bento
from bento.adapters import JsonAdapter

class Parent(bento.Service):
    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def ended(self, value):
        "How a child ends that is told to as soon as it is there."
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        child.start()
        child.terminate()
        child.join(10)
        status = child.exitcode
        child.kill()
        return status

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def handed_on(self, value):
        "Whether the child of a child ignores SIGTERM as that does, and has the wakeup descriptor that it has without a server."
        told, heard = os.pipe()
        child = multiprocessing.get_context("fork").Process(target=hand_on, args=(heard,))
        child.start()
        child.join(60)
        os.close(heard)
        with open(told) as file:
            return file.read()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def left(self, kind):
        "The children that are left to themselves."
        fork = multiprocessing.get_context("fork")
        if kind == "executor":
            LEFT.append(concurrent.futures.ProcessPoolExecutor(1, mp_context=fork))
            return [LEFT[-1].submit(os.getpid).result()]
        LEFT.append(fork.Process(target=time.sleep, args=(60,), daemon=kind == "daemon"))
        LEFT[-1].start()
        return [LEFT[-1].pid]

LEFT = []

def hand_on(heard):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.set_wakeup_fd(nonblocking := os.open(os.devnull, os.O_WRONLY | os.O_NONBLOCK))
    pid = os.fork()
    if pid == 0:
        ignored = signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        # From Python 3.12 on asyncio takes it from whatever is forked.
        usual = nonblocking if sys.version_info < (3, 12) else -1
        os.write(heard, f"{ignored} {signal.set_wakeup_fd(-1) == usual}".encode())
        os._exit(0)
    os.waitpid(pid, 0)

service = Parent()
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    return tmp_path


@pytest.mark.parametrize("workers", [1, 2])
def test_a_child_of_a_service_ends_by_sigterm_and_the_server_goes_on(project, workers):
    with started(project, PROGRAM, workers=workers) as server:
        assert [server.ask("ended", 1) for _ in range(5)] == [-signal.SIGTERM] * 5
        assert server.stop() == 0


@pytest.mark.parametrize(("workers", "kind"), [(1, "daemon"), (2, "daemon"), (2, "executor"), (2, "process")])
def test_no_child_outlives_the_server(project, workers, kind):
    with started(project, PROGRAM, workers=workers) as server:
        left = [pid for _ in range(5) for pid in server.ask("left", kind)]
        server.process.send_signal(signal.SIGTERM)
        are_gone = eventually(lambda: not any(map(runs, left)), 20)
        for pid in filter(runs, left):
            os.kill(pid, signal.SIGKILL)
        assert (are_gone, server.ended()) == (True, 0)


def test_a_process_that_a_child_forks_keeps_the_childs_signal_handling(project):
    with started(project, PROGRAM, workers=1) as server:
        assert server.ask("handed_on", 1) == "True True"
        assert server.stop() == 0

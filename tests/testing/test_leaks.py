"""A test of a kit that leaves something behind fails, and says what to do; other tests are not checked."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack

import pytest

from bento.testing import _leaks, run_checks
from bento.testing._kit import Kit

LEAKS = """
import os, subprocess, sys, tempfile, threading
import pytest
{imports}

ended = threading.Event()
held = []


@pytest.fixture(scope="session", autouse=True)
def tidy():
    yield
    ended.set()
    for each in held:
        each.kill() if hasattr(each, "kill") else each.close()


class {base}:
    {attributes}
    def test_thread(self):
        threading.Thread(target=ended.wait, name="forgotten").start()

    def test_file(self):
        held.append(tempfile.NamedTemporaryFile(suffix=".forgotten"))

    def test_process(self):
        held.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

    def test_ended_process(self):
        held.append(subprocess.Popen(["true"]))
        os.waitid(os.P_PID, held[-1].pid, os.WEXITED | os.WNOWAIT)

    def test_nothing(self):
        with tempfile.TemporaryFile() as file:
            file.write(b"")
        thread = threading.Thread(target=int)
        thread.start()

    def test_failure(self):
        assert 1 == 2, "its own"
"""


@pytest.fixture
def ran(tmp_path):
    """The outcome of each test in a file, with the message of pytest."""

    def ran(*, kit: bool, attributes: str = "", decorator: str = "") -> dict[str, str]:
        base, imports = ("TestIt(Kit)", "from bento.testing._kit import Kit") if kit else ("TestIt", "")
        file = tmp_path / "test_it.py"
        file.write_text(LEAKS.format(base=base, imports=imports, attributes=attributes).replace("class Test", f"{decorator}\nclass Test"))
        options = ["-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:unraisableexception", "-rA", "--tb=line", "--strict-markers"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, str(file)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        lines = [line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("PASSED", "FAILED"))]
        assert len(lines) == 6, done.stdout + done.stderr
        return {rest.partition("::TestIt::")[2].partition(" ")[0]: f"{outcome} {rest}" for outcome, rest in lines} | {"all": done.stdout}

    return ran


def test_a_test_of_a_kit_that_leaves_something_behind_fails(ran):
    told = ran(kit=True)
    assert {name: text.partition(" ")[0] for name, text in told.items() if name != "all"} == {
        "test_thread": "FAILED",
        "test_file": "FAILED",
        "test_process": "FAILED",
        "test_ended_process": "FAILED",
        "test_nothing": "PASSED",
        "test_failure": "FAILED",
    }
    said = told["all"]
    assert "this test leaves something behind: the thread 'forgotten' still runs: join thread " in said
    assert ".forgotten' is still open as descriptor " in said
    assert ": close it, or use a with statement; what a framework keeps for good is named in `lasting` of the test class" in said
    assert "-c input()', is still there: end it and wait for it" in said
    assert "'ended', is still there: end it and wait for it" in said
    assert "AssertionError: its own" in said


def test_resources_that_a_framework_keeps_can_be_exempted_by_name(ran):
    told = ran(kit=True, attributes="lasting = ('forgot*', '*.forgotten', '*input()', 'pipe:*', 'ended')")
    assert [name for name, text in told.items() if text.startswith("FAILED")] == ["test_failure"]


def test_tests_outside_of_kits_are_not_checked_for_leaks(ran):
    told = ran(kit=False)
    assert [name for name, text in told.items() if text.startswith("FAILED")] == ["test_failure"]


def test_a_marked_test_is_checked_for_leaks(ran):
    marked = ran(kit=False, decorator="@pytest.mark.bento_no_leaks(lasting=['forgotten'])")
    assert {name for name, text in marked.items() if text.startswith("FAILED")} == {
        "test_file",
        "test_process",
        "test_ended_process",
        "test_failure",
    }


def test_pytest_loads_no_kit_and_nothing_heavy_of_bento(tmp_path):
    code = "import sys, pytest; pytest.main(['--collect-only']); print(*[name for name in sys.modules if name.startswith('bento')])"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()
    assert "bento.pytest_plugin" in loaded
    assert not {"bento.testing", "bento.registry", "bento.adapters", "bento.serving", "bento.bundle"} & set(loaded)


def test_open_sockets_are_attributed_to_the_driver_of_an_open_gpu_but_files_are_not(monkeypatch):
    """/dev/zero stands for the GPU."""
    monkeypatch.setattr(_leaks, "_DRIVERS", ("/dev/zero",))
    with ExitStack() as held:
        with pytest.raises(AssertionError, match=r"'socket:\[\d+\]' is still open as descriptor"), _leaks.no_leaks():
            held.enter_context(socket.socket())
        with _leaks.no_leaks():
            held.enter_context(open("/dev/zero", "rb"))  # noqa: PTH123 - a device
            held.enter_context(socket.socket())
        with pytest.raises(AssertionError, match=r"is still open as descriptor"), _leaks.no_leaks():
            held.enter_context(tempfile.TemporaryFile())


def test_threads_are_waited_for_together(monkeypatch):
    monkeypatch.setattr(_leaks, "_PATIENCE", 0.2)
    ended, begun = threading.Event(), time.monotonic()
    threads = [threading.Thread(target=ended.wait, name="forgotten") for _ in range(50)]
    try:
        with pytest.raises(AssertionError, match="the thread 'forgotten' still runs"), _leaks.no_leaks():
            [thread.start() for thread in threads]
        assert time.monotonic() - begun < 5, "each of fifty is waited for, one after the other"
    finally:
        ended.set()


class Leaking(Kit):
    ended = threading.Event()
    file = None

    def test_file(self):
        type(self).file = tempfile.TemporaryFile()  # noqa: SIM115 - the fault

    def test_thread(self):
        threading.Thread(target=self.ended.wait, name="forgotten").start()


def test_leaks_are_found_without_a_test_runner_too():
    with_thread = {done.name: done.reason for done in run_checks(Leaking)}
    Leaking.ended.set()
    Leaking.file.close()
    assert with_thread["test_thread"].startswith("this test leaves something behind: the thread 'forgotten' still runs")
    assert "is still open as descriptor" in with_thread["test_file"]

"""The forked programs with which pages are followed behave like started ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from forking import programs

SHOWN = """
import os, sys
print(sys.argv, sys.path[0], __name__, globals().get("__file__"), os.getcwd(), os.environ["WHERE"], sys.path[1], sys.stdin.read())
print("sqlite3" in sys.modules, "bento" in sys.modules, file=sys.stderr)
"""


@pytest.fixture(scope="module")
def folder():
    with programs(["sqlite3"], "bento") as folder:
        yield folder


def run(folder: Path, *command: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([folder / command[0], *command[1:]], capture_output=True, text=True, check=False, timeout=60, **options)


@pytest.mark.parametrize(
    "arguments", [["shown.py", "a", "b"], ["./shown.py"], ["-c", SHOWN, "a"], ["-m", "shown", "a"], ["-u", "shown.py"], ["-"]]
)
def test_a_forked_python_has_the_arguments_streams_folder_and_environment_of_a_started_one(folder, tmp_path, arguments):
    (tmp_path / "shown.py").write_text(SHOWN)
    surroundings = {"cwd": tmp_path, "input": SHOWN if arguments == ["-"] else "typed", "env": {"WHERE": "here", "PYTHONPATH": "extra"}}
    forked = run(folder, "python", *arguments, **surroundings)
    assert forked.stdout == run(Path(sys.executable).parent, "python", *arguments, **surroundings).stdout != ""
    assert forked.stderr == f"{arguments[0] not in ('-u', '-')} False\n"


@pytest.mark.parametrize(
    ("code", "status"),
    [("pass", 0), ("raise SystemExit(3)", 3), ("import sys; sys.exit('no')", 1), ("1 / 0", 1), ("import os; os.kill(os.getpid(), 9)", -9)],
)
def test_a_forked_python_has_the_exit_status_and_error_of_a_started_one(folder, code, status):
    forked, started = (run(each, "python", "-c", code) for each in (folder, Path(sys.executable).parent))
    assert forked.returncode == started.returncode == status
    assert forked.stderr.splitlines()[-1:] == started.stderr.splitlines()[-1:]


def test_a_signal_reaches_the_forked_python(folder):
    code = "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); print('ready', flush=True); signal.pause()"
    with subprocess.Popen([folder / "python", "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(60) == 7


def test_a_forked_python_dies_if_the_process_that_asked_for_it_is_killed(folder):
    with subprocess.Popen(
        [folder / "python", "-c", "import signal; print('ready', flush=True); signal.pause()"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        process.kill()
        assert process.stdout.read() == b""  # the forked process keeps it open while it lives


def test_a_program_beside_python_is_run(folder):
    assert run(folder, "bento", "--version").stdout.startswith("bento")


def test_a_module_that_cannot_be_imported_fails_at_once():
    with programs(["there_is_no_such_module"]) as folder:
        assert run(folder, "python", "-c", "pass").returncode == 1

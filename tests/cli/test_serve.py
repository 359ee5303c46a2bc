"""`bento serve`, run as a process and asked over HTTP."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands import BENTO

LAZY = """
import bento


class Lazy(bento.Service):
    def setup(self):
        raise RuntimeError("no coffee")


service = Lazy()
"""
FAULT = 'raise RuntimeError("no coffee")'
LATE = """
import os, signal


class Late:
    def __del__(self, kill=os.kill, own=os.getpid(), number=signal.{number}):
        kill(own, number)


late = Late()
"""


@contextmanager
def serving(*arguments: str, cwd: Path, ready: bytes = b"is ready on (http://[^ ]+)", start: tuple[str, ...] = ()):
    process = subprocess.Popen([*start, BENTO, "serve", *arguments, "--port", "0"], cwd=cwd, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if found := re.search(ready, line):
                yield process, found[1].decode()
                break
        else:
            raise AssertionError(b"".join(lines))
    finally:
        process.kill()
        process.communicate()


def ask(url: str, body: bytes) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_saved_bundle_answers_until_it_is_stopped(home, tmp_path, stop):
    with serving("shop:1", cwd=tmp_path) as (process, url):
        assert ask(f"{url}/price", b'"tea"') == b"3"
        process.send_signal(stop)
        assert process.wait(60) == 0


@pytest.mark.parametrize(("workers", "number"), [("1", "SIGTERM"), ("1", "SIGINT"), ("1", "SIGHUP"), ("2", "SIGTERM"), ("2", "SIGINT")])
def test_a_server_stopped_before_it_has_started_ends_without_an_error(bento_process, tmp_path, workers, number):
    (tmp_path / "shops").mkdir()
    stop = f"os.kill(os.getpid(), signal.{number})"
    (tmp_path / "shops/__init__.py").write_text(f"import os, signal\ntry:\n    {stop}\nexcept BaseException:\n    pass\n")
    done = bento_process("serve", "shops.tea:service", "--workers", workers, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_workers_are_replaced_after_a_sighup_that_came_before_they_started(home, tmp_path):
    (tmp_path / "shops").mkdir()
    (tmp_path / "shops/__init__.py").write_text("import os, signal\nos.path.exists('tea') or os.kill(os.getpid(), signal.SIGHUP)\n")
    (tmp_path / "shops/tea.py").write_text(f"open('tea', 'w').close()\n{LAZY.replace(FAULT, 'pass')}")
    with serving("shops.tea:service", "--workers", "2", cwd=tmp_path, ready=b"all workers of (shops.tea:service) are new") as (process, _):
        process.terminate()
        assert process.wait(60) == 0


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_python_ends_changes_no_exit_status(tmp_path, number):
    (tmp_path / "lazy.py").write_text(f"{LATE.format(number=number)}{LAZY.replace(FAULT, 'pass')}")
    with serving("lazy:service", cwd=tmp_path) as (process, _):
        process.terminate()
        assert process.wait(60) == 0


def test_a_server_with_a_closed_standard_input_starts_without_a_warning(home, tmp_path):
    with serving("shop:1", cwd=tmp_path, start=("sh", "-c", 'exec "$0" "$@" <&-')) as (process, _):
        process.terminate()
        assert (process.stderr.read(), process.wait(60)) == (b"", 0)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_stops_on_a_signal_that_its_parent_had_blocked(home, tmp_path, workers):
    signals = {signal.SIGTERM, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        with serving("shop:1", "--workers", workers, cwd=tmp_path) as (process, _):
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            process.terminate()
            assert process.wait(60) == 0
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_an_instance_in_a_module_answers_without_saving_it(home, project):
    with serving("shop:service", cwd=project) as (_, url):
        assert ask(f"{url}/price", b'"cake"') == b"5"


@pytest.mark.parametrize("workers", ["2", "auto"])
def test_several_processes_answer_when_told_to(home, tmp_path, workers):
    with serving("shop:1", "--workers", workers, cwd=tmp_path) as (process, url):
        assert ask(f"{url}/price", b'"tea"') == b"3"
        process.terminate()
        assert process.wait(60) == 0


def test_a_class_is_not_served(bento_process, project):
    done = bento_process("serve", "shop:Shop", "--port", "0", cwd=project)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("Error: shop:Shop is a class: name an instance of it, as in `service = Shop(...)`, shop:service\n")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("till.py", "; the service of till.py is written till:service\n"),
        ("till.py:main", "; the service of till.py is written till:main\n"),
        ("till", "; the service of till.py is written till:service\n"),
        ("till:9", "; the service of till.py is written till:service\n"),
        ("till.py:latest", "; the service of till.py is written till:service\n"),
        ("./till.py:main", "is not a bundle: it has no bento.json; the service of till.py is written till:main\n"),
        ("front/till:service", "is not a bundle: it has no bento.json; the service of front/till.py is written front.till:service\n"),
        (
            "",
            "Error: '' is not a bundle name: use 1 to 64 of a-z, 0-9, '.', '_' and '-', with a letter or digit at both ends and no '..'\n",
        ),
    ],
)
def test_a_file_in_place_of_a_service_is_refused_with_the_way_to_write_it(bento, tmp_path, monkeypatch, written, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "till.py").touch()
    (tmp_path / "front").mkdir()
    (tmp_path / "front/till.py").touch()
    assert bento("serve", written, code=1).stderr.endswith(said)


def test_a_port_in_use_is_an_error_without_a_traceback(bento_process):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = bento_process("serve", "shop:1", "--port", port)
    assert done.returncode == 1
    assert done.stderr == f"Error: port {port} on 127.0.0.1 is in use: choose another with --port, or 0 for a free one\n"


@pytest.mark.parametrize(("workers", "before"), [("1", ""), ("2", "lazy:service cannot start: ")])
def test_a_service_that_cannot_start_ends_the_server_with_its_error(bento_process, tmp_path, workers, before):
    (tmp_path / "lazy.py").write_text(LAZY)
    done = bento_process("serve", "lazy:service", "--port", "0", "--workers", workers, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"Error: {before}RuntimeError: no coffee (--debug shows where)"


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_a_number_that_is_not_a_port_is_refused(bento, port):
    assert "Invalid value for '--port'" in bento("serve", "shop", f"--port={port}", code=2).stderr


@pytest.mark.parametrize("workers", ["0", "257", "many", "1.5"])
def test_workers_are_a_number_or_auto(bento, workers):
    said = f"Error: Invalid value for '--workers': {workers!r}: expected 1 to 256 processes, or 'auto' for one on each processor\n"
    assert bento("serve", "shop", f"--workers={workers}", code=2).stderr.endswith(said)


@pytest.mark.parametrize(
    ("option", "expected"),
    [("grace", "0 to 604800 seconds"), ("keep-alive", "0.01 to 604800 seconds"), ("max-body", "0.001 to 1048576 MiB")],
)
@pytest.mark.parametrize("value", ["inf", "nan", "-1", "10x", "1e300", "", "1_0", " 10"])
def test_an_invalid_amount_is_refused(bento, option, expected, value):
    said = f"Error: Invalid value for '--{option}': {value!r}: expected {expected}\n"
    assert bento("serve", "shop", f"--{option}={value}", code=2).stderr.endswith(said)


@pytest.mark.parametrize("option", ["keep-alive", "max-body"])
def test_zero_is_allowed_for_the_grace_period_only(bento, option):
    assert f"Error: Invalid value for '--{option}': '0': expected 0.0" in bento("serve", "shop", f"--{option}=0", code=2).stderr


def test_reloading_with_several_workers_is_refused(bento, project, monkeypatch):
    monkeypatch.chdir(project)
    said = "Error: only a single process is started again when files change: expected --reload or --workers 2, got both\n"
    assert bento("serve", "shop:service", "--reload", "--workers", "2", code=1).stderr == said


def test_a_service_in_another_folder_is_refused_with_where_its_module_was_looked_for(bento, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bento("serve", "kiosk:service", code=1).stderr.endswith(f"; nor is there a module 'kiosk' to import from {tmp_path}\n")
    assert "module" not in bento("serve", "kiosk:latest", code=1).stderr + bento("serve", "kiosk:v2", code=1).stderr


def test_an_api_answers_at_an_alias_path(home, tmp_path):
    with serving("shop:1", "--alias", "/invocations=/price", cwd=tmp_path) as (_, url):
        assert ask(f"{url}/invocations", b'"tea"') == b"3"


def test_an_alias_without_two_paths_is_refused(bento):
    done = bento("serve", "shop", "--alias=/invocations", code=2)
    assert done.stderr.endswith("Error: '/invocations' is not an alias: expected two paths, as in --alias /invocations=/predict\n")


def test_an_alias_is_given_once(bento):
    done = bento("serve", "shop", "--alias=/ask=/price", "--alias=/ask=/stock", code=2)
    assert done.stderr.endswith("Error: alias '/ask' is given twice, as '/price' and '/stock': leave one out\n")

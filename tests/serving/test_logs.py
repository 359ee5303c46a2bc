"""What a server logs, and what it does when it cannot write its log."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import resource
import select
import shlex
import signal
import socket
import subprocess

import httpx
import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

import bento
from bento.errors import ServerError
from bento.serving.http.fast import FastLane
from bento.serving.logs import AccessLog, JsonAccessLog
from commands import BENTO
from echo import Echo, write_app
from running import heard, started

both = pytest.mark.parametrize("workers", [1, 2])

# More than a mebibyte of them, in pieces of the same size.
_LINES = 24 * 800


@pytest.fixture
def project(tmp_path):
    write_app(tmp_path)
    return tmp_path


def test_an_access_log_that_cannot_be_written_is_reported_once_and_goes_on_when_it_can(project):
    with started(project) as server:
        pid = server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        assert [server.ask("predict", number) for number in range(3)] == [0, 1, 2]
        server.wait_for("the access log cannot be written, and goes on when it can be: File too large\n")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        assert server.ask("predict", 3) == 3
        server.wait_for("the access log is written again\n")
        assert server.stop() == 0
    assert server.said.count("cannot be written") == 1
    assert server.output.count("POST /predict 200") >= 1


class Pieces(io.StringIO):
    """A stream that remembers the text of each write."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return super().write(text)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [AccessLog, JsonAccessLog])
async def test_no_line_is_written_in_two_pieces_between_which_another_worker_could_write(kind):
    log = kind(stream := Pieces())
    for _ in range(1000):
        log.write("POST", "/predict", 200, 0.001, "4f1c20a7b90d0000000001")
    await asyncio.sleep(0)
    assert stream.getvalue().count("\n") == 1000
    assert all(piece.endswith("\n") and len(piece) <= select.PIPE_BUF for piece in stream.pieces)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [AccessLog, JsonAccessLog])
async def test_each_line_says_the_second_in_which_it_was_written(kind, monkeypatch):
    log = kind(stream := io.StringIO())
    for now in (0.9, 1.0, 1.9, 59.5):
        monkeypatch.setattr("bento.serving.logs.time.time", lambda now=now: now)
        log.write("POST", "/predict", 200, 0.001, "4f1c20a7b90d0000000001")
        await asyncio.sleep(0)
    seconds = [line.partition("1970-01-01T00:00:")[2][:3] for line in stream.getvalue().splitlines()]
    assert seconds == ["00Z", "01Z", "01Z", "59Z"]


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [AccessLog, JsonAccessLog])
async def test_a_mebibyte_of_the_lines_that_a_full_pipe_does_not_take_is_kept_in_order_and_the_rest_is_counted(kind, caplog):
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    said = bytearray()
    with os.fdopen(reader, "rb", buffering=0) as pipe, os.fdopen(writer, "w") as stream:
        log = kind(stream)
        for number in range(_LINES):
            log.write("POST", "/predict", 200, 0.001, f"{number:024}")
        await asyncio.sleep(0)
        while not caplog.messages:
            said += pipe.read(1 << 20) or b""
            await asyncio.sleep(0)
        log.write("POST", "/predict", 200, 0.001, "last")
        await log.finish()
        said += pipe.read(1 << 20) or b""
    *ids, last = re.findall(r"([0-9]{24}|last)\"?}?\n", said.decode())
    assert (list(map(int, ids)), last) == (list(range(len(ids))), "last")
    assert len(said) > 1 << 20
    assert caplog.messages == [f"{_LINES - len(ids)} lines of the access log were lost, because nobody read them"]


@pytest.mark.anyio
async def test_lines_that_are_kept_for_a_reader_that_leaves_are_counted_as_lost(caplog):
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        log = AccessLog(stream)
        for _ in range(5000):
            log.write("POST", "/predict", 200, 0.001, "4f1c20a7b90d0000000001")
        await asyncio.sleep(0)
        os.close(reader)
        while not caplog.messages:
            await asyncio.sleep(0)
        assert re.fullmatch("[0-9]{4} lines of the access log were lost, because nobody read them", caplog.messages[0])
        log.write("POST", "/predict", 200, 0.001, "4f1c20a7b90d0000000001")
        await asyncio.sleep(0)
        await log.finish()
    assert caplog.messages[1:] == ["the access log cannot be written, and goes on when it can be: Broken pipe"]


def test_the_answer_to_a_single_request_is_sent_before_the_request_is_logged():
    asked = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n7"
    had_answer: list[bool] = []

    async def ask() -> None:
        app = bento.app(Echo())
        await app.lifecycle.start()
        with socket.socket() as client:

            class Watching(AccessLog):
                def write_all(self, method, path, status, calls):
                    had_answer.append(bool(select.select([client], [], [], 0)[0]))

            app.access_log = Watching(io.StringIO())
            config = uvicorn.Config(app, http="httptools", ws="none", log_config=None, lifespan="off")
            config.load()
            lane, state = FastLane(app), ServerState()
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: lane.protocol(config, state, {}), "127.0.0.1", 0)
            client.setblocking(False)
            await loop.sock_connect(client, server.sockets[0].getsockname())
            async with asyncio.timeout(20):
                for _ in range(3):
                    await loop.sock_sendall(client, asked)
                    assert (await loop.sock_recv(client, 4096)).endswith(b"\r\n\r\n7")
            server.close()
        await app.lifecycle.stop()

    # As a server runs it: uvloop before 0.23 would write at the end of a turn.
    uvloop.run(ask())
    assert had_answer == [True] * 3


@both
@pytest.mark.parametrize("output", [">/dev/full", ">&-", "| true"])
def test_a_server_whose_output_goes_nowhere_answers_and_ends_as_any_other(project, output, workers):
    script = f"({shlex.quote(str(BENTO))} serve app:service --port 0 --workers {workers}; echo status $? >&2) {output}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with heard(["bash", "-c", script], project, environment) as server:
        assert [server.ask("predict", number) for number in range(3)] == [0, 1, 2]
        os.kill(int(re.search(r"\(process (\d+)", server.said)[1]), signal.SIGTERM)
        server.wait_for("status 0")
        server.ended()
    assert "Traceback" not in server.said
    assert server.said.count("cannot be written") <= workers


FAULTY = """
import logging, warnings
import bento
from bento.adapters import JsonAdapter


class Faulty(bento.Service):
    def setup(self):
        warnings.warn("long in the tooth", stacklevel=1)

    @bento.api(input=JsonAdapter())
    def predict(self, value):
        return 10 / value


service = Faulty()
"""


@both
def test_a_json_log_has_an_object_on_each_line(tmp_path, workers):
    (tmp_path / "app.py").write_text(FAULTY)
    command = [BENTO, "serve", "app:service", "--port", "0", "--workers", str(workers), "--log-format", "json"]
    with heard(command, tmp_path) as server:
        url = re.search(r"http://[0-9.:]+", server.wait_for("is ready on"))[0]
        for path, body in {"predict": "4", "nowhere?secret": "1"}.items():
            httpx.post(f"{url}/{path}", content=body, headers={"content-type": "application/json", "x-request-id": 'the"first'})
        httpx.post(f"{url}/predict", content="0", headers={"content-type": "application/json", "x-request-id": "the-last"})
        server.process.terminate()
        assert server.ended() == 0
        access = [json.loads(line) for line in server.output.splitlines()]
    assert [(line["method"], line["path"], line["status"], line["request_id"]) for line in access] == [
        ("POST", "/predict", 200, 'the"first'),
        ("POST", "/nowhere", 404, 'the"first'),
        ("POST", "/predict", 500, "the-last"),
    ]
    assert all(0 < line["seconds"] < 60 and re.fullmatch(r"[-0-9]{10}T[:0-9]{8}Z", line["time"]) for line in access)
    said = [json.loads(line) for line in server.lines]
    assert all(list(line)[:5] == ["time", "level", "logger", "process", "message"] for line in said)
    fault = next(line for line in said if line["level"] == "ERROR")
    assert (fault["api"], fault["request_id"]) == ("predict", "the-last")
    assert fault["message"] == "predict failed for request the-last: ZeroDivisionError: division by zero"
    assert fault["traceback"].endswith("ZeroDivisionError: division by zero")
    assert any(line["logger"] == "py.warnings" and "long in the tooth" in line["message"] for line in said)


@pytest.mark.parametrize(
    ("target", "message", "traced"),
    [
        ("none", "no bundle none:latest in the store at {home}: it is empty", False),
        ("app:service", "ModuleNotFoundError: No module named 'nothing_like_it'", True),
    ],
)
def test_the_error_that_ends_a_server_with_a_json_log_is_json_too(tmp_path, target, message, traced):
    (tmp_path / "app.py").write_text("import nothing_like_it\n")
    command = [BENTO, "serve", target, "--port", "0", "--log-format", "json"]
    environment = {**os.environ, "BENTO_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    last = json.loads(done.stderr.splitlines()[-1])
    assert (done.returncode, last["level"], last["message"]) == (1, "CRITICAL", message.format(home=tmp_path / "home"))
    assert ("import nothing_like_it" in last.get("traceback", "")) is traced


@both
def test_the_error_of_a_service_that_cannot_start_is_json_with_its_traceback(tmp_path, workers):
    (tmp_path / "app.py").write_text(FAULTY.replace("warnings.warn(", "raise KeyError(").replace(", stacklevel=1", ""))
    command = [BENTO, "serve", "app:service", "--port", "0", "--log-format", "json", "--workers", str(workers)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    last = json.loads(done.stderr.splitlines()[-1])
    assert (done.returncode, last["level"]) == (1, "CRITICAL")
    assert last["message"].endswith("KeyError: 'long in the tooth'")
    assert f'{tmp_path / "app.py"}", line 9, in setup' in last["traceback"]


# What systemd does for a service whose standard error its journal reads.
JOURNALED = ["sh", "-c", 'export JOURNAL_STREAM=$(stat --dereference --format %d:%i /dev/fd/2); exec "$@"', "-"]


@both
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_every_line_for_the_journal_has_its_priority(tmp_path, workers, log_format):
    (tmp_path / "app.py").write_text(FAULTY)
    options = ["--port", "0", "--workers", str(workers), "--log-format", log_format]
    with heard([*JOURNALED, BENTO, "serve", "app:service", *options], tmp_path) as server:
        url = re.search(r"http://[0-9.:]+", server.wait_for("^<6>.*is ready on"))[0]
        httpx.post(f"{url}/predict", content="0", headers={"content-type": "application/json"})
        assert server.stop() == 0
    assert server.wait_for("^<4>.*long in the tooth")
    assert server.wait_for("^<3>.*predict failed for request .*ZeroDivisionError: division by zero")
    assert all(re.match("<[346]>", line) for line in server.lines)


@both
def test_the_error_of_a_service_that_cannot_start_has_the_highest_priority_in_the_journal(tmp_path, workers):
    (tmp_path / "app.py").write_text(FAULTY.replace("warnings.warn(", "raise KeyError(").replace(", stacklevel=1", ""))
    with heard([*JOURNALED, BENTO, "serve", "app:service", "--port", "0", "--workers", str(workers)], tmp_path) as server:
        assert server.ended() == 1
    (first, *others) = [line for line in server.lines if line.startswith("<2>")]
    assert first.endswith("KeyError: 'long in the tooth'\n")
    assert any("line 9, in setup" in line for line in others)


def test_a_stream_that_replaces_the_journal_gets_no_priorities(project):
    with heard([BENTO, "serve", "app:service", "--port", "0"], project, {**os.environ, "JOURNAL_STREAM": "1:1"}) as server:
        assert not server.wait_for("is ready on").startswith("<")


TALKATIVE = """
import logging, sys, threading, warnings
import bento
from bento.adapters import JsonAdapter


class Raising:
    def __init__(self, value):
        self.value = value

    def __del__(self):
        raise ValueError(self.value)


class Talkative(bento.Service):
    @bento.api(input=JsonAdapter())
    def fail(self, value):
        raise ValueError(value)

    @bento.api(input=JsonAdapter())
    def warn(self, value):
        warnings.warn(value, stacklevel=1)

    @bento.api(input=JsonAdapter())
    def log(self, value):
        logging.getLogger("library").error(value)

    @bento.api(input=JsonAdapter())
    def delegate(self, value):
        thread = threading.Thread(target=self.fail, args=[value])
        thread.start()
        thread.join()

    @bento.api(input=JsonAdapter())
    def drop(self, value):
        Raising(value)

    @bento.api(input=JsonAdapter())
    def leave(self, value):
        threading.Thread(target=sys.exit).start()


service = Talkative()
"""


@both
def test_no_text_that_a_client_sends_can_look_like_a_line_of_the_log(tmp_path, workers):
    (tmp_path / "app.py").write_text(TALKATIVE)
    with heard([BENTO, "serve", "app:service", "--port", "0", "--workers", str(workers)], tmp_path) as server:
        url = re.search(r"http://[0-9.:]+", server.wait_for("is ready on"))[0]
        for api in ("fail", "warn", "log", "delegate", "drop", "leave"):
            httpx.post(f"{url}/{api}", json=f"so\n2026-11-23T20:15:04Z INFO {api}\x1b[2J\r\x85oh")
        server.process.terminate()
        assert server.ended() == 0
    begins = re.compile(r"[-0-9]{10}T[:0-9]{8}Z [A-Z]+ ")
    assert [line for line in server.lines if not begins.match(line) and not line.startswith("  ")] == []
    forged = [line for line in server.lines if "2026-11-23" in line]
    assert {line.split()[2].partition("\\")[0] for line in forged} == {"fail", "warn", "log", "delegate", "drop"}
    assert all(line.startswith("  2026-11-23") and line.endswith(r"\x1b[2J\r\x85oh" + "\n") for line in forged)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_fault_that_repeats_a_large_body_does_not_fill_the_log(tmp_path, log_format):
    (tmp_path / "app.py").write_text(TALKATIVE)
    with heard([BENTO, "serve", "app:service", "--port", "0", "--log-format", log_format], tmp_path) as server:
        url = re.search(r"http://[0-9.:]+", server.wait_for("is ready on"))[0]
        assert httpx.post(f"{url}/fail", json="\x1b" * 1_000_000 + "the end", timeout=60).status_code == 500
        server.process.terminate()
        assert server.ended() == 0
    assert len(server.said) < 500_000
    assert len(re.findall(r"\[\.\.\. [0-9]{6} characters \.\.\.\]", server.said)) == 2
    assert "in fail" in server.said
    assert server.said.count("the end") == 2


def test_the_error_that_ends_a_thread_of_a_service_is_json_too(tmp_path):
    (tmp_path / "app.py").write_text(TALKATIVE)
    with heard([BENTO, "serve", "app:service", "--port", "0", "--log-format", "json"], tmp_path) as server:
        url = re.search(r"http://[0-9.:]+", server.wait_for("is ready on"))[0]
        httpx.post(f"{url}/delegate", json="no tea")
        httpx.post(f"{url}/drop", json="no milk")
        server.process.terminate()
        assert server.ended() == 0
    faults = [line for line in map(json.loads, server.lines) if line["level"] != "INFO"]
    assert [fault["level"] for fault in faults] == ["ERROR", "WARNING"]
    assert re.fullmatch(r"thread Thread-\d+ \(fail\) failed: ValueError: no tea", faults[0]["message"])
    assert re.fullmatch(r"ignored in <function Raising.__del__ at 0x\w+>: ValueError: no milk", faults[1]["message"])
    assert all(fault["traceback"].startswith("Traceback") for fault in faults)


def test_a_log_is_text_or_json():
    with pytest.raises(ServerError) as refused:
        bento.serve(Echo(), log_format="xml")
    assert str(refused.value) == "expected log_format to be one of text, json, got 'xml'"

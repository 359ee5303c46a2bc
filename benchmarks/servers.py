"""The servers that are measured, each a process of its own on a free port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

_PATIENCE = 30.0


@dataclass(frozen=True)
class Subject:
    """A server and the path on it that is asked; `{port}` in `command` becomes the port to listen on."""

    name: str
    path: str
    command: tuple[str, ...]


_BENTO = ("bento", "serve", "benchmarks.service:service", "--no-access-log", "--port", "{port}")

SUBJECTS = (
    Subject(
        "bare ASGI on uvicorn", "/", ("uvicorn", "benchmarks.bare:app", "--no-access-log", "--log-level", "warning", "--port", "{port}")
    ),
    Subject("bento serve", "/alone", _BENTO),
    Subject("bento serve, batched", "/batched", _BENTO),
)


@contextmanager
def running(subject: Subject) -> Iterator[int]:
    """The port of a subject that answers, for the length of the block."""
    port = _free_port()
    program, *arguments = (part.format(port=port) for part in subject.command)
    process = subprocess.Popen([Path(sys.executable).with_name(program), *arguments], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        _wait(process, port, subject.name)
        yield port
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit(f"{name} did not start: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]

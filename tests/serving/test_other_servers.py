"""`bento.app(service)` under other ASGI servers: the same answers as under our own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ports import reserved
from running import eventually

SERVICE = """
import bento
from bento.adapters import ArrayAdapter, JsonAdapter

class Sums(bento.Service):
    @bento.api(input=ArrayAdapter(shape=(None, 2), dtype="float64"), output=ArrayAdapter(), batch=True)
    def total(self, rows):
        return rows.sum(axis=1)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def count(self, value):
        yield from range(value)

app = bento.app(Sums())
"""

COMMANDS = {
    "uvicorn": ["uvicorn", "app:app", "--port", "{port}"],
    "hypercorn": ["hypercorn", "app:app", "--bind", "127.0.0.1:{port}"],
    "granian": ["granian", "--interface", "asgi", "--port", "{port}", "app:app"],
}


@contextmanager
def running(name: str, folder: Path) -> Iterator[str]:
    """The service under a server of its own process, by its address."""
    (folder / "app.py").write_text(SERVICE)
    with reserved() as (port,):
        command = [sys.executable, "-m", *(word.format(port=port) for word in COMMANDS[name])]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            assert eventually(lambda: server.poll() is not None or is_ready(address), 60), (folder / "log").read_text()
            yield address
        finally:
            server.terminate()
            server.wait(30)


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=30).text == "ready\n"
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("name", COMMANDS)
def test_a_service_answers_alike_under_any_server(name, tmp_path):
    with running(name, tmp_path) as address, httpx.Client(base_url=address, timeout=30) as client:
        good = client.post("/total", json=[[1, 2], [3, 4]], headers={"x-request-id": "abc"})
        wrong = client.post("/total", json=[[1]])
        foreign = client.post("/total", json=[[1, 2]], headers={"origin": "https://evil.example"})
        lines = client.post("/count", json=3)
        method = client.get("/total")
        page = client.get("/")
    assert (good.status_code, good.json(), good.headers["x-request-id"]) == (200, [3.0, 7.0], "abc")
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "expected an array of shape (n, 2), got (1, 1)")
    assert foreign.status_code == 403
    assert lines.content == b"0\n1\n2\n"
    assert (method.status_code, method.headers["allow"]) == (405, "POST")
    assert "POST /total" in page.text

"""What a server keeps of requests that are over: nothing."""

from __future__ import annotations

import pytest

from client import Connection, post
from running import started

SERVICE = """
import bento
from bento.adapters import BytesAdapter, JsonAdapter

class Sizes(bento.Service):
    @bento.api(input=BytesAdapter(), output=JsonAdapter())
    def size(self, file):
        return len(file)

service = Sizes()
"""

MEGABYTE = 1 << 20


@pytest.fixture
def server(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    with started(tmp_path) as server:
        yield server


def test_a_body_is_let_go_of_as_soon_as_it_is_answered(server):
    """Nothing may fail. The connection stays open, so what it held would show, and no full collection is due."""
    body = post("/size", bytes(40 * MEGABYTE), "application/octet-stream")
    with Connection(server.port) as connection:
        connection.ask(body)
        before = server.memory()
        for _ in range(3):
            assert connection.ask(body).body == str(40 * MEGABYTE).encode()
        assert server.memory() - before < 20 * MEGABYTE

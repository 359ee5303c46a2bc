"""The memory that large requests share: a body counts towards `Limits.bodies` while it waits, too."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from client import Connection, post
from running import LIMITED, eventually, started

ROOM = 4 << 20
# Two of them leave less than any of the large requests below.
HALF = (ROOM >> 1) - 2048
# This many requests of a new connection begin at once; requests behind them wait until answers have left.
FEW = 4

SERVICE = """
import asyncio
import bento
from bento.adapters import BytesAdapter, JsonAdapter

class Gate(bento.Service):
    def __init__(self):
        super().__init__()
        self.gate = asyncio.Event()

    @bento.api(input=BytesAdapter(), output=JsonAdapter())
    async def pass_through(self, file):
        await self.gate.wait()
        return len(file)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def open(self, _):
        self.gate.set()

    @bento.api(input=BytesAdapter(), output=JsonAdapter())
    def size(self, file):
        return len(file)

service = Gate()
"""


def sent(path: str, size: int, **headers: str) -> bytes:
    return post(path, bytes(size), "application/octet-stream", **headers)


@pytest.fixture
def server(tmp_path):
    (tmp_path / "app.py").write_text(SERVICE)
    with started(tmp_path, LIMITED, body=ROOM >> 1, bodies=ROOM) as server:
        yield server


def answer_to_another(port: int) -> tuple[int, str]:
    """The answer to another client, whose body counts at once, as on the ordinary lane."""
    with Connection(port) as other:
        answer = other.ask(sent("/size", 16 * 1024, origin="http://127.0.0.1"))
    return answer.status, answer.body.decode()


def test_a_body_that_waits_for_answers_ahead_of_it_counts_towards_the_limit_of_all_bodies(server):
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(server.port)) for _ in range(2)]
        for connection in connections:
            connection.send(sent("/pass_through", 1) * FEW + sent("/pass_through", HALF))
        # To the byte: a request that is still being read takes less, or the room of its head as well.
        full = f"large requests hold {2 * HALF} bytes of the {ROOM} that all of them may hold"
        assert eventually(lambda: full in answer_to_another(server.port)[1])
        with Connection(server.port) as other:
            assert other.ask(post("/open")).status == 200
        for connection in connections:
            assert [connection.answer().body for _ in range(FEW + 1)] == [b"1"] * FEW + [b"%d" % HALF]
    assert answer_to_another(server.port) == (200, str(16 * 1024))

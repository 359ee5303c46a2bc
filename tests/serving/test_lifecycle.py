"""From loading to the last answer."""

from __future__ import annotations

import asyncio

import httpx
import pytest

import bento
from bento.adapters import JsonAdapter

pytestmark = pytest.mark.anyio


class Living(bento.Service):
    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []

    def setup(self) -> None:
        self.events.append("setup")

    def close(self) -> None:
        self.events.append("close")

    @bento.api(input=JsonAdapter())
    def echo(self, value):
        self.events.append("answer")
        return value


async def live(app, *requests):
    """What an ASGI server does: start-up, requests to paths with a value each, shutdown."""
    inbox: asyncio.Queue[dict] = asyncio.Queue()
    sent: list[str] = []

    async def send(message) -> None:
        sent.append(message["type"])

    await inbox.put({"type": "lifespan.startup"})
    life = asyncio.create_task(app({"type": "lifespan"}, inbox.get, send))
    while not sent and not life.done():
        await asyncio.sleep(0)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answers = [await client.post(path, json=value) for path, value in requests]
    await inbox.put({"type": "lifespan.shutdown"})
    await life
    return sent, answers


async def test_a_service_is_set_up_before_its_first_answer_and_closed_after_its_last():
    service = Living()
    sent, (answer,) = await live(bento.app(service), ("/echo", 7))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert answer.json() == 7
    assert service.events == ["setup", "answer", "close"]


async def test_a_service_that_cannot_start_fails_the_start_with_its_reason():
    class Broken(bento.Service):
        def setup(self) -> None:
            raise OSError("no such device")

    with pytest.raises(OSError, match="no such device"):
        await live(bento.app(Broken()))


async def test_a_draining_server_is_alive_and_not_ready():
    app = bento.app(Living())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        await client.get("/livez")
        await app.lifecycle.stop()
        live_answer, ready_answer = await client.get("/livez"), await client.get("/readyz")
    assert (live_answer.status_code, ready_answer.status_code, ready_answer.text) == (200, 503, "draining\n")

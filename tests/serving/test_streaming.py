"""An api that yields is answered piece by piece."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time

import pytest

import bento
from bento.adapters import BytesAdapter, JsonAdapter
from bento.serving import App, Limits, answer

pytestmark = pytest.mark.anyio


class Counting(bento.Service):
    def __init__(self) -> None:
        super().__init__()
        self.stopped = threading.Event()
        self.open = self.most = self.begun = 0
        self.gate = threading.Event()
        self.held = threading.Semaphore(0)

    @bento.api(input=JsonAdapter())
    def count(self, value):
        """Count up."""
        for number in range(value):
            yield {"number": number}

    @bento.api(input=JsonAdapter())
    async def acount(self, value, context):
        for number in range(value):
            await asyncio.sleep(0)
            yield f"{context.api} {number}\n"

    @bento.api(input=JsonAdapter())
    def alone(self, value):
        self.open += 1
        self.most = max(self.most, self.open)
        yield from range(value)
        self.open -= 1

    @bento.api(input=BytesAdapter(), concurrency=3)
    def hold(self, file):
        self.held.release()
        self.gate.wait(10)
        yield len(file)

    @bento.api(input=JsonAdapter())
    def break_off(self, value):
        yield 1
        raise RuntimeError("the secret of the inside")

    @bento.api(input=JsonAdapter())
    def refuse(self, value):
        raise bento.InvalidInput("never good")
        yield

    @bento.api(input=JsonAdapter())
    async def give_up(self, value):
        for number in range(value):
            yield number
        raise TimeoutError("another server took too long")

    @bento.api(input=JsonAdapter(), timeout=0.5)
    async def stall(self, value):
        yield 1
        await asyncio.sleep(60)

    @bento.api(input=JsonAdapter(), timeout=0.3)
    def hang(self, value):
        try:
            yield 1
            self.gate.wait(10)
            yield 2
        finally:
            self.stopped.set()

    @bento.api(input=JsonAdapter())
    def leave(self, value):
        if value:
            yield 1
        raise SystemExit

    @bento.api(input=JsonAdapter(), timeout=0.3)
    async def rush(self, value):
        try:
            for number in range(1_000_000):
                self.begun = number
                yield number
        finally:
            self.stopped.set()

    @bento.api(input=JsonAdapter())
    def endless(self, value):
        self.begun += 1
        try:
            while True:
                yield 1
        finally:
            self.stopped.set()


async def test_pieces_come_as_json_lines(serving):
    async with serving(Counting()) as client:
        response = await client.post("/count", json=3)
    assert response.headers["content-type"] == "application/jsonl; charset=utf-8"
    assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-store", "no")
    assert response.content == b'{"number":0}\n{"number":1}\n{"number":2}\n'


async def test_pieces_come_as_events_to_a_client_that_asks_for_events(serving):
    async with serving(Counting()) as client:
        response = await client.post("/acount", json=2, headers={"accept": "text/event-stream", "x-request-id": "abc"})
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["x-request-id"] == "abc"
    assert response.content == b'data: "acount 0\\n"\n\ndata: "acount 1\\n"\n\n'


async def test_an_empty_stream_is_an_empty_answer(serving):
    async with serving(Counting()) as client:
        response = await client.post("/count", json=0)
    assert (response.status_code, response.content) == (200, b"")


async def test_an_error_before_the_first_piece_has_its_own_status(serving):
    async with serving(Counting()) as client:
        response = await client.post("/refuse", json=1)
    assert (response.status_code, response.json()["detail"]) == (422, "never good")


async def test_an_error_in_mid_stream_is_the_last_piece_and_has_no_internal_details(serving, caplog):
    async with serving(Counting()) as client:
        lines = (await client.post("/break_off", json=1)).content.splitlines()
        events = (await client.post("/break_off", json=1, headers={"accept": "text/event-stream"})).text
    assert lines[0] == b"1"
    assert json.loads(lines[1])["error"]["status"] == 500
    assert events.startswith("data: 1\n\nevent: error\ndata: {")
    assert "secret" not in events
    assert "break_off failed for request" in caplog.text


async def test_a_stream_that_is_late_ends_with_an_error(serving):
    async with serving(Counting()) as client:
        lines = (await client.post("/stall", json=1)).content.splitlines()
    assert json.loads(lines[-1])["error"]["detail"] == "the answer was not complete within 0.5 seconds"


async def test_a_timeout_error_of_the_apis_own_is_a_fault_and_not_a_deadline(serving, caplog):
    async with serving(Counting()) as client:
        at_once = await client.post("/give_up", json=0)
        lines = (await client.post("/give_up", json=2)).content.splitlines()
    assert (at_once.status_code, json.loads(lines[2])["error"]["status"]) == (500, 500)
    assert caplog.messages[0].endswith("TimeoutError: another server took too long")


async def test_a_generator_that_exits_is_a_fault_and_does_not_end_the_server(serving):
    async with serving(Counting()) as client:
        at_once = await client.post("/leave", json=0)
        lines = (await client.post("/leave", json=1)).content.splitlines()
    assert (at_once.status_code, json.loads(lines[1])["error"]["status"]) == (500, 500)


async def test_a_stream_that_waits_for_nothing_ends_at_its_deadline(serving):
    service = Counting()
    async with serving(service) as client:
        lines = (await client.post("/rush", json=1)).content.splitlines()
    assert json.loads(lines[-1])["error"]["detail"] == "the answer was not complete within 0.3 seconds"
    assert len(lines) == service.begun + 2


class Client:
    """A client that asks for a stream, by default an endless one, and reads it until it leaves."""

    def __init__(self, app: App, path: str = "/endless") -> None:
        self.pieces: asyncio.Queue[dict] = asyncio.Queue()
        self._inbox: asyncio.Queue[dict] = asyncio.Queue()
        self._inbox.put_nowait({"type": "http.request", "body": b"1"})
        scope = {"type": "http", "method": "POST", "path": path, "headers": [], "server": ("test", 80)}
        self._request = asyncio.create_task(app(scope, self._inbox.get, self.pieces.put))

    async def leave(self) -> None:
        await self._inbox.put({"type": "http.disconnect"})
        await asyncio.wait_for(self._request, 10)


async def test_a_generator_stops_when_its_client_leaves():
    service = Counting()
    app = bento.app(service)
    client = Client(app)
    for _ in range(5):
        await client.pieces.get()
    await client.leave()
    assert service.stopped.is_set()
    await app.lifecycle.stop()


async def test_a_generator_that_waits_for_nothing_stops_when_its_client_leaves():
    service = Counting()
    app = bento.app(service)
    client = Client(app, "/rush")
    await client.pieces.get()
    await client.leave()
    assert service.stopped.is_set()
    assert b'bento_requests_total{api="rush",status="499"} 1.0' in app.lifecycle.metrics.exposition()[0]
    await app.lifecycle.stop()


async def test_a_stream_ends_at_its_deadline_while_a_step_still_runs_and_is_closed_after_that_step():
    service = Counting()
    app = bento.app(service)
    client = Client(app, "/hang")
    _, first, last, end = [await asyncio.wait_for(client.pieces.get(), 5) for _ in range(4)]
    assert (first["body"], json.loads(last["body"])["error"]["status"], end["body"]) == (b"1\n", 504, b"")
    assert not service.stopped.is_set()
    leaving = asyncio.create_task(client.leave())
    asyncio.get_running_loop().call_later(0.01, service.gate.set)
    await leaving
    assert service.stopped.is_set()
    await app.lifecycle.stop()


async def test_a_stream_that_waits_for_a_step_of_another_ends_at_its_deadline():
    service = Counting()
    app = bento.app(service)
    first = Client(app, "/hang")
    await first.pieces.get()
    second = Client(app, "/hang")
    assert (await asyncio.wait_for(second.pieces.get(), 5))["status"] == 504
    service.gate.set()
    await first.leave()
    await app.lifecycle.stop()


async def test_a_stream_whose_client_leaves_while_it_waits_is_never_begun():
    service = Counting()
    app = bento.app(service)
    first = Client(app)
    await first.pieces.get()
    second = Client(app)
    while app.lifecycle.open_calls < 2:
        await asyncio.sleep(0)
    await second.leave()
    assert second.pieces.empty()
    await first.leave()
    assert service.begun == 1
    assert b'bento_requests_total{api="endless",status="499"} 2.0' in app.lifecycle.metrics.exposition()[0]
    await app.lifecycle.stop()


async def test_a_stream_whose_deadline_is_over_before_its_turn_is_never_begun(serving):
    service = Counting()
    async with serving(service) as client:
        response = await client.post("/endless", json=1, headers={"request-timeout": "0.000001"})
    assert (response.status_code, service.begun) == (504, 0)


async def test_streams_wait_for_their_turn(serving):
    service = Counting()
    async with serving(service) as client:
        answers = await asyncio.gather(*(client.post("/alone", json=3) for _ in range(5)))
        page = (await client.get("/metrics")).text
    assert {response.content for response in answers} == {b"0\n1\n2\n"}
    assert service.most == 1
    assert 'bento_requests_total{api="alone",status="200"} 5.0' in page


async def post_compressed(client, body):
    return await client.post("/hold", content=body, headers={"content-encoding": "gzip"})


async def test_a_compressed_body_is_decompressed_off_the_loop(serving):
    """The processor time of the loop's thread, which is this thread, shows it."""
    service, body = Counting(), gzip.compress(bytes(32 << 20), 1)
    service.gate.set()
    async with serving(service) as client:
        assert (await post_compressed(client, gzip.compress(b"warm"))).content == b"4\n"
        began = time.thread_time()
        assert len(gzip.decompress(body)) == 32 << 20
        alone, began = time.thread_time() - began, time.thread_time()
        assert (await post_compressed(client, body)).content == b"%d\n" % (32 << 20)
        assert time.thread_time() - began < alone / 2


async def test_a_body_counts_towards_the_limit_of_all_bodies_while_it_is_decompressed(serving):
    service, body = Counting(), gzip.compress(bytes(900_000))
    async with serving(service, limits=Limits(body=1_000_000, bodies=2_000_000)) as client:
        held = [asyncio.create_task(post_compressed(client, body)) for _ in range(2)]
        for _ in held:
            assert await asyncio.to_thread(service.held.acquire, timeout=10)
        refused = await post_compressed(client, body)
        service.gate.set()
        assert [(await answer).content for answer in held] == [b"900000\n"] * 2
        assert (await post_compressed(client, body)).content == b"900000\n"
    assert refused.status_code == 503
    assert refused.json()["detail"].startswith("large requests hold 1800")


@pytest.mark.parametrize(("method", "body", "status"), [("GET", b"", 405), ("POST", b"{", 400)])
async def test_refusals_of_a_stream_are_those_of_any_api(serving, method, body, status):
    async with serving(Counting()) as client:
        assert (await client.request(method, "/count", content=body)).status_code == status


def test_a_stream_without_a_server_is_all_its_lines():
    assert answer(Counting(), "count", bento.Payload(b"2")).body == b'{"number":0}\n{"number":1}\n'
    assert answer(Counting(), "acount", bento.Payload(b"1")).media_type == "application/jsonl"


def test_openapi_says_that_an_api_streams():
    content = bento.serving.openapi(Counting())["paths"]["/count"]["post"]["responses"]["200"]["content"]
    assert list(content) == ["application/jsonl", "text/event-stream"]

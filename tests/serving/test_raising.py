"""Whatever an api or an adapter raises is the outcome of its own request, be it an Exception or not."""

from __future__ import annotations

import asyncio
import json

import pytest

import bento
from bento.adapters import JsonAdapter

pytestmark = pytest.mark.anyio


class Panic(BaseException):
    """What some native libraries raise."""


RAISED = {
    "error": lambda: ValueError("an error"),
    "exit": lambda: SystemExit(3),
    "cancel": asyncio.CancelledError,
    "panic": lambda: Panic("out of native code"),
    "stop": StopIteration,
}


def check(value):
    """The value, unless it names something to raise, which is raised."""
    if value in RAISED:
        error = RAISED[value]()
        raise error
    return value


class Picky(JsonAdapter):
    def decode(self, payload):
        return check(super().decode(payload))


class CostlyPicky(Picky):
    costly = True


class PickyWriter(JsonAdapter):
    def encode(self, value, media_type):
        return super().encode(check(value), media_type)


class CostlyPickyWriter(JsonAdapter):
    costly = True

    def unstack(self, result, rows):
        return [check(value) for value in result]


class Reading(bento.Service):
    """Gives back what its adapters let through."""

    @bento.api(input=Picky(), output=JsonAdapter(), batch=True)
    def read(self, values):
        return values

    @bento.api(input=CostlyPicky(), output=JsonAdapter(), batch=True)
    def read_in_a_thread(self, values):
        return values

    @bento.api(input=Picky())
    def read_for_a_stream(self, value):
        yield value

    @bento.api(input=JsonAdapter(), output=PickyWriter(), batch=True)
    def write(self, values):
        return values

    @bento.api(input=JsonAdapter(), output=CostlyPickyWriter(), batch=bento.Batch(size=1))
    async def write_in_a_thread(self, values):
        return values


@pytest.mark.parametrize("word", RAISED)
@pytest.mark.parametrize("api", Reading.apis)
async def test_what_an_adapter_raises_fails_one_request_and_no_other(serving, caplog, api, word):
    async with serving(Reading()) as client:
        for number in range(3):
            assert (await client.post(f"/{api}", json=number)).json() == number
        answers = await asyncio.gather(*(client.post(f"/{api}", json=value) for value in (1, word, 2)))
        assert (await client.post(f"/{api}", json=4)).json() == 4
    assert [answer.status_code for answer in answers] == [200, 500, 200]
    assert [line.partition(":")[0].rpartition(" ")[0] for line in caplog.messages] == [f"{api} failed for request"]


class Calling(bento.Service):
    """Gives back values, and raises what a word names; `rows` has the number of values of each call."""

    def __init__(self):
        super().__init__()
        self.rows = []

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=True)
    def at_once(self, values):
        self.rows.append(len(values))
        return [check(value) for value in values]

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=True)
    async def later(self, values):
        self.rows.append(len(values))
        await asyncio.sleep(0)
        return [check(value) for value in values]


@pytest.mark.parametrize("word", RAISED)
@pytest.mark.parametrize("api", Calling.apis)
@pytest.mark.parametrize("before", [2, 10])
async def test_what_an_api_raises_fails_one_request_and_no_other_of_its_call(serving, api, word, before):
    """Calls run in a thread at first, and on the event loop once they are known to be cheap."""
    service = Calling()
    async with serving(service) as client:
        for _ in range(before):
            await asyncio.gather(*(client.post(f"/{api}", json=value) for value in (1, 2)))
        answers = await asyncio.gather(*(client.post(f"/{api}", json=value) for value in (1, word, 2)))
        assert (await client.post(f"/{api}", json=4)).json() == 4
    assert [answer.status_code for answer in answers] == [200, 500, 200]
    assert max(service.rows) == 3


class Streams(bento.Service):
    """Gives values up to a word, raises what the word names, and would go on after it."""

    @bento.api(input=JsonAdapter())
    def plain(self, values):
        for value in values:
            yield check(value)

    @bento.api(input=JsonAdapter())
    async def later(self, values):
        for value in values:
            await asyncio.sleep(0)
            yield check(value)

    @bento.api(input=JsonAdapter(), output=PickyWriter())
    def written(self, values):
        yield from values


@pytest.mark.parametrize("word", RAISED)
@pytest.mark.parametrize("api", Streams.apis)
async def test_what_a_stream_raises_is_its_last_piece_and_ends_nothing_else(serving, api, word):
    async with serving(Streams()) as client:
        answer, other = await asyncio.gather(*(client.post(f"/{api}", json=values) for values in ([1, word, 2], [3, 4])))
        page = (await client.get("/metrics")).text
    first, last = answer.content.splitlines()
    assert (first, json.loads(last)["error"]["status"]) == (b"1", 500)
    assert other.content == b"3\n4\n"
    assert f'bento_requests_total{{api="{api}",status="200"}} 2.0' in page


@pytest.mark.parametrize("word", RAISED)
@pytest.mark.parametrize("api", ["plain", "later"])
async def test_what_a_stream_raises_before_its_first_piece_is_a_500(serving, api, word):
    async with serving(Streams()) as client:
        assert (await client.post(f"/{api}", json=[word, 1])).status_code == 500
        assert (await client.post(f"/{api}", json=[1])).content == b"1\n"

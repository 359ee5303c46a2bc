"""Bodies that take long to read or to write never hold up the event loop, however small they are."""

from __future__ import annotations

import threading
import time

import pytest

import bento
from bento.adapters import JsonAdapter, MultipartAdapter

pytestmark = pytest.mark.anyio


class PictureAdapter(JsonAdapter):
    """Notes the thread that it reads or writes in."""

    costly = True

    def decode(self, payload):
        return [super().decode(payload), threading.get_ident()]

    def encode(self, value, media_type):
        return super().encode([*value, threading.get_ident()], media_type)


class SlowWriterAdapter(PictureAdapter):
    """Writing takes ten milliseconds of processor time, which is too long for the event loop."""

    costly = False

    def encode(self, value, media_type):
        started = time.thread_time()
        while time.thread_time() - started < 0.01:
            pass
        return super().encode(value, media_type)


class Gallery(bento.Service):
    @bento.api(input=PictureAdapter(), output=JsonAdapter())
    def read(self, value):
        return value

    @bento.api(input=MultipartAdapter(picture=PictureAdapter()), output=JsonAdapter())
    def form(self, parts):
        return parts["picture"]

    @bento.api(input=JsonAdapter(), output=PictureAdapter())
    async def write(self, value):
        return [value]

    @bento.api(input=JsonAdapter(), output=SlowWriterAdapter())
    def write_slowly(self, value):
        return [value]


async def test_a_small_body_of_a_costly_adapter_is_decoded_off_the_loop(serving):
    async with serving(Gallery()) as client:
        value, thread = (await client.post("/read", json=1)).json()
        form = (await client.post("/form", files={"picture": ("1.json", b"2", "application/json")})).json()
    assert (value, form[0]) == (1, 2)
    assert threading.get_ident() not in (thread, form[1])


async def test_an_async_api_leaves_costly_answers_to_a_thread(serving):
    async with serving(Gallery()) as client:
        value, thread = (await client.post("/write", json=1)).json()
    assert value == 1
    assert thread != threading.get_ident()


async def test_a_cheap_api_whose_answers_are_slow_to_write_stays_off_the_loop(serving):
    async with serving(Gallery()) as client:
        threads = {(await client.post("/write_slowly", json=1)).json()[1] for _ in range(20)}
    assert threading.get_ident() not in threads

"""What an artifact puts around calls, such as a framework's inference mode, is around these calls and nothing else."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest

import bento
from bento.adapters import JsonAdapter
from bento.artifacts import JsonArtifact

pytestmark = pytest.mark.anyio

MODES = threading.local()


def mode():
    return getattr(MODES, "entered", [])


class ModeArtifact(JsonArtifact):
    """Enters a mode around each call; it is kept for each thread, as frameworks do."""

    @contextmanager
    def around(self):
        MODES.entered = [*mode(), self.slot]
        try:
            yield
        finally:
            MODES.entered = mode()[:-1]


class Moody(bento.Service):
    first = ModeArtifact()
    plain = JsonArtifact()
    second = ModeArtifact()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def ask(self, value):
        return mode()

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=True)
    def ask_many(self, values):
        return [mode() for _ in values]

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def ask_with_context(self, value, context):
        return [context.api, *mode()]

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def fail(self, value):
        raise bento.InvalidInput(str(mode()))

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def wait(self, value):
        return mode()

    @bento.api(input=JsonAdapter())
    def count(self, value):
        yield mode()


def moody():
    return Moody(first=1, plain=2, second=3)


@pytest.mark.parametrize("api", ["ask", "ask_many"])
async def test_a_call_is_made_inside_the_around_of_every_artifact(serving, api):
    async with serving(moody()) as client:
        assert (await client.post(f"/{api}", json=1)).json() == ["first", "second"]


async def test_an_api_that_takes_the_context_still_gets_it(serving):
    async with serving(moody()) as client:
        assert (await client.post("/ask_with_context", json=1)).json() == ["ask_with_context", "first", "second"]


@pytest.mark.parametrize("api", ["wait", "count"])
async def test_async_and_streaming_apis_are_called_without_around(serving, api):
    async with serving(moody()) as client:
        assert (await client.post(f"/{api}", json=1)).json() == []


async def test_around_is_left_when_the_call_fails(serving):
    async with serving(moody()) as client:
        for _ in range(20):
            assert (await client.post("/fail", json=1)).json()["detail"] == "['first', 'second']"


def test_a_direct_call_of_the_method_does_not_enter_around():
    assert moody().ask(1) == []

"""Connections that rest after a refusal are all woken."""

from __future__ import annotations

import asyncio

import pytest

from bento.serving.http.recess import Recess

pytestmark = pytest.mark.anyio


class Sleeper:
    def __init__(self, error: Exception | None = None) -> None:
        self.rests = False
        self.woken = asyncio.Event()
        self._error = error

    def wake(self) -> None:
        self.woken.set()
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize("broken", [0, 5])
async def test_a_connection_that_fails_to_wake_does_not_keep_others_from_waking(broken):
    errors = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context["exception"]))
    sleepers = [Sleeper(fault := ValueError("no legs")) if place == broken else Sleeper() for place in range(7)]
    Recess().add(sleepers)
    async with asyncio.timeout(10):
        for sleeper in sleepers:
            await sleeper.woken.wait()
    assert errors == [fault]

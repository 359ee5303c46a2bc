"""A plain generator on the event loop: a thread does each of its steps."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from functools import partial
from inspect import GEN_CREATED, getgeneratorstate
from typing import TYPE_CHECKING, Any

from .threads import Outcome, settle

if TYPE_CHECKING:
    from .threads import Threads

_END: Any = object()


class Steps:
    """The values of a generator. Waiting for the next value can be cancelled, but a running step cannot: `aclose` waits for its end."""

    def __init__(self, generator: Generator[Any, Any, Any], threads: Threads) -> None:
        self._generator = generator
        self._threads = threads
        self._loop = asyncio.get_running_loop()
        self._value: asyncio.Future[Any] = self._loop.create_future()
        self._is_running = False
        self._closed: Outcome[None] | None = None

    def __aiter__(self) -> Steps:
        return self

    async def __anext__(self) -> Any:
        self._value = self._loop.create_future()
        self._is_running = True
        self._threads.run(partial(next, self._generator, _END), self._over)
        value = await self._value
        if value is _END:
            raise StopAsyncIteration
        return value

    async def aclose(self) -> None:
        """Close the generator, also in a thread, as soon as no step runs. If it has not begun, none of its code runs, so it is closed
        here."""
        if getgeneratorstate(self._generator) == GEN_CREATED and not self._is_running:
            self._generator.close()
            return
        self._closed = Outcome(loop=self._loop)
        if not self._is_running:
            self._close(self._closed)
        await self._closed

    def _over(self, value: Any, error: BaseException | None) -> None:
        self._is_running = False
        settle(self._value, value, error)
        if self._closed is not None:
            self._close(self._closed)

    def _close(self, closed: Outcome[None]) -> None:
        self._threads.run(self._generator.close, partial(settle, closed))

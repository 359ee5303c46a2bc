"""Streams: an api that yields is answered piece by piece, as server-sent events or as JSON lines.

A stream waits for its turn as any request does, and an error before its first piece has its own status. After that the status is
on its way, so an error is the stream's last piece: an event named `error`, or a line `{"error": ...}`, with the problem document.
A client that leaves stops the generator: `GeneratorExit` is raised where it yields.

Sources: the HTML standard, section 9.2 (server-sent events); jsonlines.org.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import DeadlineExceeded, Overloaded
from .accounts import CLIENT_LEFT
from .negotiation import choose
from .threads import Threads

if TYPE_CHECKING:
    from .accounts import Accounts
    from .answer import Answer
    from .call import Call
    from .limits import Limits
    from .pipeline import Pipeline
    from .room import Room

R = TypeVar("R")

EVENTS = "text/event-stream"
LINES = "application/jsonl"
MEDIA_TYPES = (LINES, EVENTS)

_END: Any = object()


class Stream:
    """An answer on its way: its Content-Type, its pieces as they go over the wire, and when the last of them is due."""

    def __init__(self, media_type: str, pieces: AsyncGenerator[bytes, None], deadline: float) -> None:
        self.content_type = f"{media_type}; charset=utf-8"
        self.pieces = pieces
        self.deadline = deadline


class StreamEndpoint:
    """An api that yields, as a lane sees it."""

    def __init__(self, pipeline: Pipeline, accounts: Accounts, limits: Limits, room: Room) -> None:
        self.api = pipeline.api
        self._pipeline = pipeline
        self._accounts = accounts
        self._limits = limits
        self._room = room
        self._turn = asyncio.Semaphore(pipeline.api.concurrency)
        self._threads = Threads(pipeline.api.concurrency, f"bento-{pipeline.api.name}", asyncio.get_running_loop())
        self.open_calls = 0

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.close()

    async def respond(self, call: Call, send: Callable[[Stream | Answer], Awaitable[None]]) -> int:
        """Answer one request through `send`, which gets a stream, or an answer if there is none; returns the status.

        To be cancelled when the client leaves.
        """
        call.deadline = call.received + min(self.api.timeout, call.head.timeout)
        self._accounts.begun()
        self.open_calls += 1
        status = CLIENT_LEFT
        try:
            async with AsyncExitStack() as stack:
                opened = await self._open(call, stack)
                await send(opened)
                status = 200 if isinstance(opened, Stream) else opened.status
        finally:
            self._room.give(call.held)
            self.open_calls -= 1
            self._accounts.done([call], status)
        return status

    async def _open(self, call: Call, stack: AsyncExitStack) -> Stream | Answer:
        """A stream whose first piece is there, or the answer that says why there is none."""
        try:
            self._room.take_for(call, len(call.body))
            size = await self._in_thread(self._pipeline.decode, call, self._limits)
            self._room.take_for(call, size - len(call.body))
            async with _until(call):
                await self._wait_for_turn(stack)
            call.started_at = time.monotonic()
            # A turn that is free is taken without a wait, and only a wait ends at the deadline.
            if not call.is_wanted(call.started_at):
                raise _late(call)
            values = await stack.enter_async_context(aclosing(self._values(call)))
            first = await _next(call, values)
        except Exception as error:  # noqa: BLE001 - the outcome of this request
            return self._accounts.failure(call, error)
        media_type = choose(call.head.accept, MEDIA_TYPES)
        return Stream(media_type, self._pieces(call, first, values, media_type), call.deadline)

    async def _wait_for_turn(self, stack: AsyncExitStack) -> None:
        if self.open_calls > self._limits.queue:
            raise Overloaded(f"{self.api.name} has {self._limits.queue} requests waiting, its limit")
        await stack.enter_async_context(self._turn)

    async def _values(self, call: Call) -> AsyncGenerator[Any, None]:
        """What the api yields; a plain generator runs in a thread, a step at a time."""
        generator = self._pipeline.start(call)
        if isinstance(generator, Generator):
            try:
                while (value := await self._in_thread(next, generator, _END)) is not _END:
                    yield value
            finally:
                await self._in_thread(generator.close)
        else:
            async with aclosing(generator):
                async for value in generator:
                    yield value

    async def _in_thread(self, step: Callable[..., R], *arguments: Any) -> R:
        """Run a step in a thread, to its end even when nobody waits for it any more: a generator cannot be closed while it runs."""
        running = self._threads.start(partial(step, *arguments))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    async def _pieces(self, call: Call, first: Any, values: AsyncIterator[Any], media_type: str) -> AsyncGenerator[bytes, None]:
        try:
            value = first
            while value is not _END:
                yield _piece(self._pipeline.writing.encode_json(value), media_type)
                value = await _next(call, values)
        except Exception as error:  # noqa: BLE001 - the end of this stream
            yield _last_piece(self._accounts.failure(call, error).body, media_type)


@asynccontextmanager
async def _until(call: Call) -> AsyncGenerator[None, None]:
    """End a wait at a call's deadline, as DeadlineExceeded; a TimeoutError of the api's own stays what it is, a fault."""
    try:
        async with asyncio.timeout(call.deadline - time.monotonic()) as limit:
            yield
    except TimeoutError as error:
        if limit.expired():
            raise _late(call) from error
        raise


async def _next(call: Call, values: AsyncIterator[Any]) -> Any:
    """The next value, or the end, unless the deadline comes first."""
    async with _until(call):
        return await anext(values, _END)


def _late(call: Call) -> DeadlineExceeded:
    return DeadlineExceeded(f"the answer was not whole within {call.deadline - call.received:.3g} seconds")


def _piece(document: bytes, media_type: str) -> bytes:
    return b"data: " + document + b"\n\n" if media_type == EVENTS else document + b"\n"


def _last_piece(problem: bytes, media_type: str) -> bytes:
    return b"event: error\ndata: " + problem + b"\n\n" if media_type == EVENTS else b'{"error":' + problem + b"}\n"

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
from contextlib import AsyncExitStack, aclosing, closing
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import Overloaded
from .accounts import CLIENT_LEFT
from .endpoint import LARGE, larger_than
from .negotiation import choose
from .pipeline import ends_task
from .steps import Steps
from .threads import Threads
from .timeout import Timeout

if TYPE_CHECKING:
    from .accounts import Accounts
    from .answer import Answer
    from .call import Call
    from .limits import Limits
    from .pipeline import Pipeline
    from .room import Room

# A stream that waits for nothing goes on for this long before other callbacks have a turn of the loop.
_TURN_SECONDS = 0.002

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

    def __init__(self, pipeline: Pipeline, accounts: Accounts, limits: Limits, room: Room, decoders: Threads) -> None:
        self.api = pipeline.api
        self._pipeline = pipeline
        self._accounts = accounts
        self._limits = limits
        self._room = room
        self._decoders = decoders
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Semaphore(pipeline.api.concurrency)
        self._threads = Threads(pipeline.api.concurrency, f"bento-{pipeline.api.name}", self._loop)
        self.open_calls = 0

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.close()

    async def respond(self, call: Call, send: Callable[[Stream | Answer], Awaitable[None]]) -> int:
        """Answer one request through `send`, which gets a stream, or an answer if there is none; returns the status.

        The caller cancels it when the client leaves.
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
            timeout = stack.enter_context(closing(Timeout(call)))
            with timeout:
                await self._decode(call)
                await self._wait_for_turn(stack)
            call.started_at = time.monotonic()
            values = await stack.enter_async_context(aclosing(self._values(call)))
            with timeout:
                first = await anext(values, _END)
        except BaseException as error:
            if ends_task(error):
                raise
            return self._accounts.failure(call, error)
        media_type = choose(call.head.accept, MEDIA_TYPES)
        return Stream(media_type, self._pieces(call, first, values, timeout, media_type), call.deadline)

    async def _decode(self, call: Call) -> None:
        """Decode a body. A large one is decoded in a thread, but not in one of the api's own, which may be at a step that takes long."""
        self._room.take_for(call, len(call.body))
        if self._pipeline.reader.costly or larger_than(LARGE, [call]):
            size = await self._decoders.start(partial(self._pipeline.decode, call, self._limits))
        else:
            size = self._pipeline.decode(call, self._limits)
        self._room.take_for(call, size - len(call.body))

    async def _wait_for_turn(self, stack: AsyncExitStack) -> None:
        if self.open_calls > self._limits.queue:
            raise Overloaded(f"{self.api.name} has {self._limits.queue} requests waiting, its limit")
        await stack.enter_async_context(self._turn)

    def _values(self, call: Call) -> AsyncGenerator[Any, None] | Steps:
        """What the api yields; a plain generator runs in a thread, a step at a time."""
        generator = self._pipeline.start(call)
        return Steps(generator, self._threads) if isinstance(generator, Generator) else generator

    async def _pieces(
        self, call: Call, first: Any, values: AsyncIterator[Any], timeout: Timeout, media_type: str
    ) -> AsyncGenerator[bytes, None]:
        try:
            value = first
            turn_ends = time.monotonic() + _TURN_SECONDS
            while value is not _END:
                yield _piece(self._pipeline.writing.encode_json(value), media_type)
                # A generator that waits for nothing, and a client that reads as quickly, would never let the loop go on.
                if time.monotonic() > turn_ends:
                    await asyncio.sleep(0)
                    turn_ends = time.monotonic() + _TURN_SECONDS
                with timeout:
                    value = await anext(values, _END)
        except BaseException as error:
            if ends_task(error):
                raise
            yield _last_piece(self._accounts.failure(call, error).body, media_type)


def _piece(document: bytes, media_type: str) -> bytes:
    return b"data: " + document + b"\n\n" if media_type == EVENTS else document + b"\n"


def _last_piece(problem: bytes, media_type: str) -> bytes:
    return b"event: error\ndata: " + problem + b"\n\n" if media_type == EVENTS else b'{"error":' + problem + b"}\n"

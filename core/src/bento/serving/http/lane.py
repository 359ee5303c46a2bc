"""The ordinary lane: an api's endpoint behind plain ASGI, for any server and for unusual requests."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, TypeVar

from ...errors import BentoError, DeadlineExceeded
from ..calls.answer import Answer, common_headers, failure, headers_of, problem
from ..calls.call import Call
from ..calls.limits import LINGER_SECONDS, body_is_late, check_framing, too_large
from ..calls.request import Head, fit_request_id, read_headers, read_timeout

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from ...api import Api
    from ..calls.endpoint import Endpoint
    from ..calls.limits import Limits
    from ..calls.room import Room
    from ..calls.streaming import Stream, StreamEndpoint


R = TypeVar("R")

REQUEST_ID = "bento.request_id"
"""The key of a request's id in the scope that pages get."""

_LAST_PIECE_SECONDS = 0.5
# The second makes nginx, and proxies that heed the same header, pass a stream on as it comes instead of buffering it.
_UNBUFFERED = (("cache-control", "no-store"), ("x-accel-buffering", "no"))


class ClientLeft(Exception):
    """The client closed its connection before its request was whole or its answer was there."""


class Exchange:
    """One request and its answer, as ASGI messages. The methods that answer return the status that they have sent."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: Limits, room: Room) -> None:
        self.received = time.monotonic()
        self.headers = read_headers(scope["headers"])
        self.request_id = fit_request_id(self.headers.get("x-request-id", ""))
        self.method: str = scope["method"]
        self.path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        self._raw_headers = scope["headers"]
        self._receive = receive
        self._send = send
        self._limits = limits
        self._room = room
        self._is_whole = self.headers.get("content-length", "0") == "0" and "transfer-encoding" not in self.headers
        self._closes = scope.get("http_version") == "1.0" or "close" in self.headers.get("connection", "").lower()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.received

    async def answer(self, answer: Answer) -> int:
        """Write a whole answer."""
        self._closes = self._closes or ("connection", "close") in answer.headers
        await self._start(answer.status, headers_of(answer, self.request_id))
        await self.end(answer.body)
        return answer.status

    async def end(self, body: bytes) -> None:
        """Write the last part of an answer's body. If the connection is to close while the client is still sending its own body, that is
        read for some seconds first."""
        if self._closes and not self._is_whole:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    while not self._is_whole:
                        await self._next()
            body = b""
        await self._send({"type": "http.response.body", "body": body})

    async def call(self, endpoint: Endpoint) -> int:
        """Let an endpoint answer."""
        call = await self._read(endpoint.api)
        return await self.answer(await self._outcome(endpoint, call) if isinstance(call, Call) else call)

    async def stream(self, endpoint: StreamEndpoint) -> int:
        """Let an api that yields answer."""
        call = await self._read(endpoint.api)
        if not isinstance(call, Call):
            return await self.answer(call)
        return await self._unless_left(asyncio.get_running_loop().create_task(endpoint.respond(call, self._write)))

    async def _read(self, api: Api) -> Call | Answer:
        """The whole request, or the answer that refuses it."""
        if self.method != "POST":
            refusal = f"{api.name} answers POST, not {self.method}"
            return problem(405, refusal, request_id=self.request_id, headers=(("allow", "POST"),))
        try:
            head = self._head()
            seconds = min(api.timeout, head.timeout)
            async with asyncio.timeout(seconds):
                body = await self._read_body()
            return Call(head, body, self.request_id, self.received)
        except TimeoutError:
            # The rest of the body is not waited for.
            close = (("connection", "close"),)
            return problem(DeadlineExceeded.status, body_is_late(seconds), request_id=self.request_id, headers=close)
        except BentoError as error:
            return failure(error, self.request_id)

    async def _read_body(self) -> bytes:
        """A whole body, of which no more than the limit is ever held; a body that announces more is refused unread."""
        check_framing(self._raw_headers, self._limits)
        chunks: list[bytes] = []
        size = 0
        self._is_whole = False
        try:
            while not self._is_whole:
                chunk = await self._next()
                self._room.take(len(chunk))
                size += len(chunk)
                chunks.append(chunk)
                if size > self._limits.body:
                    raise too_large(self._limits)
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        finally:
            self._room.give(size)

    async def _next(self) -> bytes:
        """More of the body."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        self._is_whole = not message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body

    def _head(self) -> Head:
        headers = self.headers
        return Head(
            headers.get("content-type", ""),
            content_encoding=headers.get("content-encoding", "").strip().lower(),
            accept=headers.get("accept", ""),
            timeout=read_timeout(headers.get("request-timeout")),
            raw_headers=self._raw_headers,
        )

    async def _outcome(self, endpoint: Endpoint, call: Call) -> Answer:
        """The endpoint's answer, unless the client leaves first."""
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        call.reply = lambda _, answers: answered.set_result(answers[0])
        endpoint.handle(call)
        try:
            return await self._unless_left(answered)
        finally:
            endpoint.leave(call)

    async def _unless_left(self, coming: asyncio.Future[R]) -> R:
        """The result of `coming`. If the client leaves first, `coming` is cancelled, and ClientLeft is raised once it has ended."""
        leaving = asyncio.get_running_loop().create_task(self._left())
        try:
            await asyncio.wait((coming, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                raise ClientLeft
            return coming.result()
        finally:
            leaving.cancel()
            # Only a task still has to end. Waiting another turn for a future would let an answer come to a call that was not left yet.
            if coming.cancel() and not coming.done():
                await asyncio.wait((coming,))

    async def _write(self, opened: Stream | Answer) -> None:
        """Write a whole answer, or a stream as it comes; ClientLeft if the client leaves a stream unread until its deadline."""
        if isinstance(opened, Answer):
            await self.answer(opened)
            return
        await self._start(200, [("content-type", opened.content_type), *_UNBUFFERED, *common_headers(self.request_id)])
        # A stream that is late gets some time beyond its deadline for its last piece, which says so.
        seconds = max(0.0, opened.deadline - time.monotonic()) + _LAST_PIECE_SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self._write_pieces(opened)
        except TimeoutError as error:
            raise ClientLeft from error

    async def _write_pieces(self, stream: Stream) -> None:
        async with aclosing(stream.pieces):
            async for piece in stream.pieces:
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def _start(self, status: int, headers: list[tuple[str, str]]) -> None:
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def _left(self) -> None:
        """Wait until the client has left."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

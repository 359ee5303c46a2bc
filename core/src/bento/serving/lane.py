"""The ordinary lane: an api's endpoint behind plain ASGI, for any server and for whatever is unusual."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..errors import DeadlineExceeded
from .answer import Answer, failure, headers_of
from .limits import Limits, check_length, too_large
from .request import RawHeaders, Request, read_headers, read_timeout

if TYPE_CHECKING:
    from starlette.types import Receive, Send

    from .endpoint import Endpoint


class ClientLeft(Exception):
    """The client closed its connection before its request was whole or its answer was there."""


async def read_body(raw_headers: RawHeaders, receive: Receive, limits: Limits) -> bytes:
    """A whole body, never holding more than the limit; one that says it is larger is refused unread."""
    check_length(raw_headers, limits)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limits.body:
            raise too_large(limits)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def read_request(raw_headers: RawHeaders, body: bytes, request_id: str, received: float) -> Request:
    """A request from its headers and its whole body; a deadline that is no time is a BadInput."""
    headers = read_headers(raw_headers)
    return Request(
        body,
        headers.get("content-type", ""),
        content_encoding=headers.get("content-encoding", "").strip().lower(),
        accept=headers.get("accept", ""),
        timeout=read_timeout(headers.get("request-timeout")),
        request_id=request_id,
        raw_headers=raw_headers,
        received=received,
    )


async def call_endpoint(endpoint: Endpoint, request: Request, receive: Receive) -> Answer:
    """Hand a request to its endpoint and wait for the answer, or for the client to leave."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Answer] = loop.create_future()

    def reply(answer: Answer) -> None:
        if not answered.done():
            answered.set_result(answer)

    call = endpoint.handle(request, reply)
    if not answered.done():
        leaving = loop.create_task(_left(receive))
        try:
            await asyncio.wait((answered, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            endpoint.leave(call)
    if not answered.done():
        raise ClientLeft
    return answered.result()


def body_is_late(timeout: float, request_id: str) -> Answer:
    """The answer to a request whose body does not come."""
    return failure(DeadlineExceeded(f"the body was not there within {timeout:.3g} seconds"), request_id)


async def send_answer(send: Send, answer: Answer, request_id: str) -> None:
    """Write an answer as ASGI messages."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers_of(answer, request_id)]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

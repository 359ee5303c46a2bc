"""The least that an answer can cost on uvicorn: one ASGI function.

It adds up a row of JSON, reads a body and says how long it is, or counts with a piece for each number.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

Message = MutableMapping[str, Any]


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    """Answer `/sum` with the sum of the numbers in the body, `/read` with its length in bytes, `/count` with the numbers from one to
    another."""
    if scope["type"] != "http":
        return
    chunks: list[bytes] = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    if scope["path"] == "/count":
        await _count(orjson.loads(body), send)
        return
    answer = orjson.dumps(sum(orjson.loads(body)) if scope["path"] == "/sum" else len(body))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


async def _count(ends: list[int], send: Callable[[Message], Awaitable[None]]) -> None:
    """Server-sent events."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream; charset=utf-8")]})
    for number in range(*ends):
        await send({"type": "http.response.body", "body": b"data: " + orjson.dumps(number) + b"\n\n", "more_body": True})
    await send({"type": "http.response.body", "body": b""})

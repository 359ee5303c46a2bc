"""Answers to HTTP/1.0, which knows no chunks (RFC 9112, section 6.1): an answer of unknown length ends with its connection."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Unchunked:
    """An app whose answer is sent by one of uvicorn's cycles without chunks."""

    def __init__(self, app: ASGIApp, cycle: Any) -> None:
        self._app = app
        self._cycle = cycle
        self._has_length = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_as_it_is(message: Message) -> None:
            self._prepare(message)
            await send(message)

        try:
            await self._app(scope, receive, send_as_it_is)
        finally:
            if not (self._has_length or self._cycle.response_complete or self._cycle.transport.is_closing()):
                _reset(self._cycle.transport)

    def _prepare(self, message: Message) -> None:
        """Have uvicorn send a message without chunks and without a length."""
        if message["type"] == "http.response.start":
            self._has_length = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            if not self._has_length:
                self._cycle.chunked_encoding = False
        elif not self._has_length:
            self._cycle.expected_content_length = len(message.get("body", b""))


def _reset(transport: asyncio.Transport) -> None:
    """Reset a connection, so that its client sees an error: after an ordinary close, half an answer would look complete."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()

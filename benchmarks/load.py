"""A load of requests from a fixed number of connections, each of which has one request on its way at a time."""

from __future__ import annotations

import asyncio
import time
from typing import cast

_BODY = b"[5.1,3.5,1.4,0.2]"
_ANSWER = b"\r\n\r\n10.2"


class _Connection(asyncio.Protocol):
    """Asks again as soon as it is answered, until it is told to stop."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._answer = b""
        self.answered = 0
        self.stopping = False
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self._answer.endswith(_ANSWER):
            self._check()

    def _check(self) -> None:
        if not self._answer.startswith(b"HTTP/1.1 200 "):
            self._fail(f"expected status 200, got {self._answer!r}")
        self._answer = b""
        self.answered += 1
        if self.stopping:
            self._transport.close()
        else:
            self._transport.write(self._request)

    def _fail(self, reason: str) -> None:
        if not self.finished.done():
            self.finished.set_exception(RuntimeError(reason))
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done() and self.stopping and not self._answer:
            self.finished.set_result(None)
        self._fail(f"the server closed a connection after {self._answer!r}")


async def _load(port: int, path: str, connections: int, seconds: float) -> float:
    request = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(_BODY)}\r\n\r\n".encode()
        + _BODY
    )
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(lambda: _Connection(request), "127.0.0.1", port))[1] for _ in range(connections)]
    before, start = sum(one.answered for one in opened), time.perf_counter()
    await asyncio.wait([one.finished for one in opened], timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    answered, took = sum(one.answered for one in opened) - before, time.perf_counter() - start
    for one in opened:
        one.stopping = True
    await asyncio.wait_for(asyncio.gather(*(one.finished for one in opened)), 10)
    return answered / took


def requests_per_second(port: int, path: str, connections: int, seconds: float) -> float:
    """How many requests are answered in a second; an answer that is not the right one is a RuntimeError."""
    import uvloop

    return uvloop.run(_load(port, path, connections, seconds))

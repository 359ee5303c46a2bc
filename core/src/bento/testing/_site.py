"""A service behind its app, in this process and without a socket: all that a server does with a request, except parsing HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..serving import App, Limits
from ..serving.lifecycle import Lifecycle

if TYPE_CHECKING:
    from ..payload import Payload
    from ..service import Service

_ENOUGH = 20
"""How many pieces of a stream are read before the client disconnects."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to an api."""

    api: str
    payload: Payload
    accept: str = "*/*"
    method: str = "POST"


@dataclass(slots=True)
class Reply:
    """The response to a request. `fault` is the logged reason of a failure."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: int = 0
    fault: str = ""

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


class Site:
    """A running app."""

    def __init__(self, lifecycle: Lifecycle, runner: asyncio.Runner, faults: _Faults) -> None:
        self._app = App(lifecycle)
        self._runner = runner
        self._faults = faults
        self.openapi: Mapping[str, Any] = lifecycle.openapi or {}

    def ask(self, *asked: Asked) -> list[Reply]:
        """The answers to requests that are all sent at the same time."""
        self._faults.said.clear()
        replies = self._runner.run(self._ask_all(asked))
        for reply in replies:
            reply.fault = self._faults.said.get(reply.headers.get("x-request-id", ""), "")
        return replies

    async def _ask_all(self, asked: tuple[Asked, ...]) -> list[Reply]:
        return await asyncio.gather(*(self._ask(each) for each in asked))

    async def _ask(self, asked: Asked) -> Reply:
        reply, sent = Reply(), False
        seen = asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if not sent:
                sent = True
                return {"type": "http.request", "body": bytes(asked.payload.data), "more_body": False}
            await seen.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                reply.status = message["status"]
                reply.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
                return
            if seen.is_set():
                return
            reply.body += message.get("body", b"")
            reply.pieces += 1
            if reply.pieces >= _ENOUGH or not message.get("more_body", False):
                seen.set()

        await self._app(_scope(asked), receive, send)
        return reply


@contextmanager
def site(service: Service) -> Iterator[Site]:
    """Start a service, and stop it afterwards. The faults that it logs are added to the replies."""
    lifecycle = Lifecycle(lambda: service, version="0", limits=Limits())
    faults = _Faults()
    with asyncio.Runner() as runner, faults.kept():
        runner.run(lifecycle.start())
        try:
            yield Site(lifecycle, runner, faults)
        finally:
            runner.run(lifecycle.stop())


def _scope(asked: Asked) -> dict[str, Any]:
    headers = [
        (b"host", b"127.0.0.1"),
        (b"accept", asked.accept.encode("latin-1")),
        (b"content-length", str(len(asked.payload.data)).encode()),
    ]
    if asked.payload.media_type:
        headers.append((b"content-type", asked.payload.content_type.encode("latin-1")))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": f"/{asked.api}",
        "raw_path": f"/{asked.api}".encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


class _Faults(logging.Handler):
    """Collects the faults that the server logs, by the id of the request, instead of printing them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: dict[str, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        arguments = record.args if isinstance(record.args, tuple) else ()
        if len(arguments) > 1:
            self.said[str(arguments[1])] = ": ".join(map(str, arguments[2:]))

    @contextmanager
    def kept(self) -> Iterator[None]:
        log = logging.getLogger("bento.serving")
        before = log.propagate
        log.addHandler(self)
        log.propagate = False
        try:
            yield
        finally:
            log.removeHandler(self)
            log.propagate = before

"""The fast lane: plain requests to an api, answered straight from uvicorn's parser.

A request that is all there is to it - POST to an api's path, HTTP/1.1, a Content-Length, a known host, no page behind it - costs
no scope, task, future or message here: it is decoded with all others of its turn of the loop, and its answer is one write. Everything else
goes to the ordinary lane behind it, which also writes every refusal that does not come from the endpoint itself, so that both
lanes give the same bytes. A connection's answers leave in the order of its requests, whichever lane they take.

uvicorn's protocol is not a public interface: `fits` says whether this is a release that the tests ran with.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import uvicorn

from .heads import Heads
from .patrol import Patrol
from .protocol import FastProtocol
from .recess import Recess

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..calls.answer import Answer
    from .app import App

_TESTED = frozenset({(0, 54)})
_SEPARATE_WRITE = 64 * 1024
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def fits() -> bool:
    """Whether the installed uvicorn is a release whose protocol this lane is tested with."""
    major, minor = uvicorn.__version__.split(".")[:2]
    return (int(major), int(minor)) in _TESTED


class FastLane:
    """What all connections of one server share, and how an answer is written."""

    def __init__(self, app: App, allowed_hosts: Collection[str]) -> None:
        self.app = app
        self.access_log = app.access_log
        self.heads = Heads(app, allowed_hosts)
        self.patrol = Patrol(app.lifecycle.limits)
        self.recess = Recess()
        self.room = app.lifecycle.room
        self._default_headers: list[tuple[bytes, bytes]] = []
        self._date = ""

    def encode(self, answer: Answer, request_id: str, default_headers: list[tuple[bytes, bytes]], *, close: bool) -> list[bytes]:
        """An answer as uvicorn would write it, head and body together unless the body is too large to copy."""
        if default_headers is not self._default_headers:
            self._default_headers = default_headers
            self._date = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in default_headers)
        more = f"server-timing: {answer.timing}\r\n" if answer.timing else ""
        if answer.headers:
            more += "".join([f"{name}: {value}\r\n" for name, value in answer.headers])
        if close and not answer.closes and (b"connection", b"close") not in default_headers:
            more += "connection: close\r\n"
        body = answer.body
        # One text: from a list of pairs, as `headers_of` has them, it would take three times as long.
        head = (
            f"{_STATUS_LINES[answer.status]}{self._date}content-type: {answer.media_type}\r\ncontent-length: {len(body)}\r\n"
            f"x-content-type-options: nosniff\r\nx-request-id: {request_id}\r\n{more}\r\n"
        ).encode("latin-1")
        return [head, body] if len(body) > _SEPARATE_WRITE else [head + body]

    def protocol(self, *args: Any, **kwargs: Any) -> FastProtocol:
        """A protocol for one connection, made as uvicorn makes its own."""
        return FastProtocol(self, *args, **kwargs)

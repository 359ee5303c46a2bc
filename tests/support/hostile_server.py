"""A server that gives any answers, as a hostile registry or a hostile web site would."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = bytes | Callable[[BaseHTTPRequestHandler], object]


def refusing(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, 404, b"")


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str] | None = None, reason: str = "") -> None:
    handler.send_response(status, reason or None)
    for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)


@dataclass
class Hostile:
    """`answers` maps the path that is asked for to bytes, which are sent as they are, or to a function, which answers as it likes."""

    address: str
    answers: dict[str, Answer] = field(default_factory=dict)
    otherwise: Answer = refusing
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def hostile_server() -> Iterator[Hostile]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __getattr__(self, name: str) -> Callable[[], None]:
            """The method that answers any request: `do_GET` and the others."""
            if not name.startswith("do_"):
                raise AttributeError(name)
            return self.reply

        def reply(self) -> None:
            hostile.asked.append((self.command, self.path))
            found = hostile.answers.get(self.path.partition("?")[0], hostile.otherwise)
            with contextlib.suppress(ConnectionError):
                found(self) if callable(found) else answer(self, 200, found)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        hostile = Hostile(f"127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield hostile
        finally:
            server.shutdown()
            thread.join()

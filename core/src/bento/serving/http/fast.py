"""The fast lane: plain requests to an api, answered straight from uvicorn's parser.

A plain request - POST to an api's path, HTTP/1.1, a Content-Length, a known host, no Origin - costs no scope, task, future or message here:
it is decoded together with all others of its turn of the loop, and its answer is one write. Everything else goes to the ordinary lane. That
lane also writes every refusal that does not come from the endpoint itself, so that both lanes give the same bytes. A connection's answers
leave in the order of its requests, whichever lane they take.

uvicorn's protocol is not a public interface: `fits` says whether this is a release that the tests ran with.
"""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import uvicorn

from ...compiled import compiled
from ...errors import Overloaded
from .crowd import Crowd
from .heads import Heads
from .patrol import Patrol
from .pipelining import send_all
from .protocol import FastProtocol, fresh_calls
from .recess import Recess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..calls.answer import Answer
    from ..calls.request import RawHeaders
    from .app import App
    from .ending import Data
    from .heads import PlainCall

_TESTED = frozenset({(0, 54)})
_SEPARATE_WRITE = 64 * 1024
# When a turn has brought _SOME requests, the loop looks for more before they begin, because more requests in the same batch cost only the
# reading. It looks again as long as the last look has brought _SOME more, until there are _ENOUGH for a batch or so, or until the first
# have waited for _LOOK_SECONDS: each look takes its time if other callbacks keep the loop busy.
_SOME = 4
_ENOUGH = 256
_LOOK_SECONDS = 0.002
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def fits() -> bool:
    """Whether the installed uvicorn is a release whose protocol this lane is tested with."""
    major, minor = uvicorn.__version__.split(".")[:2]
    return (int(major), int(minor)) in _TESTED


class FastLane:
    """What all connections of one server share: it collects the requests of one turn of the loop, and sends answers together."""

    __slots__ = (
        "_arrivals",
        "_default_headers",
        "_default_lines",
        "_is_due",
        "_look_ends",
        "_seen",
        "access_log",
        "app",
        "crowd",
        "heads",
        "patrol",
        "recess",
        "reply",
        "room",
    )

    def __init__(self, app: App) -> None:
        self.app = app
        self.access_log = app.access_log
        self.crowd = Crowd()
        self.heads = Heads(app)
        self.patrol = Patrol(app.lifecycle.limits)
        self.recess = Recess()
        self.room = app.lifecycle.room
        # Bound once: each call holds it, and calls with the very same `reply` are answered together.
        self.reply = self._reply
        self._arrivals: list[FastProtocol] = []
        self._is_due = False
        self._seen = 0
        self._look_ends = 0.0
        self._default_headers: RawHeaders = []
        self._default_lines = ""

    def arrive(self, connection: FastProtocol) -> None:
        """Take note that a connection has a whole request, which begins together with all others of this turn of the loop."""
        if not self._is_due:
            self.begin_soon()
        self._arrivals.append(connection)

    def begin_soon(self) -> None:
        """Begin what has arrived once this turn's reading is over."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        """Give each endpoint all of its requests at once, unless more of them are just coming in."""
        if self._seen + _SOME <= len(self._arrivals) < _ENOUGH and self._may_look():
            self._seen = len(self._arrivals)
            asyncio.get_running_loop().call_soon(self._begin)
            return
        self._is_due = False
        self._seen = 0
        connections, self._arrivals = self._arrivals, []
        for endpoint, calls in fresh_calls(connections).items():
            try:
                endpoint.handle_all(calls)
            except Exception as error:  # noqa: BLE001 - a fault of ours at one api is no reason to forget the requests to others
                context = {"message": f"requests to {endpoint.api.name} could not begin", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)

    def _may_look(self) -> bool:
        """Whether the requests that came first have not yet waited too long for others."""
        now = time.monotonic()
        if not self._seen:
            self._look_ends = now + _LOOK_SECONDS
        return now < self._look_ends

    def _reply(self, calls: Sequence[PlainCall], answers: Sequence[Answer]) -> None:
        """Send answers that are ready together, to requests of one api and all with the same status."""
        default_headers = calls[0].connection.server_state.default_headers
        status = answers[0].status
        starts = {each: self._start(status, each, default_headers) for each in media_types_of(answers)}
        written = encode_all(starts, calls, answers, self._encode_unusual)
        send_all(calls, written)
        if self.access_log is not None:
            self.access_log.write_all("POST", calls[0].head.path, status, calls)
        if status == Overloaded.status:
            self.recess.add([call.connection for call in calls])

    def encode(self, answer: Answer, request_id: str, default_headers: RawHeaders, *, close: bool) -> Data:
        """An answer as uvicorn would write it, head and body together unless the body is too large to copy."""
        start = self._start(answer.status, answer.media_type, default_headers)
        return _encode(start, answer, request_id, close=close)

    def protocol(self, *args: Any, **kwargs: Any) -> FastProtocol:
        """A protocol for one connection, made as uvicorn makes its own."""
        return FastProtocol(self, *args, **kwargs)

    def _encode_unusual(self, call: PlainCall, answer: Answer) -> Data:
        """Encode an answer after which its connection ends, or may end."""
        connection = call.connection
        return self.encode(answer, call.request_id, connection.server_state.default_headers, close=connection.ends_with(call, answer))

    def _start(self, status: int, media_type: str, default_headers: RawHeaders) -> str:
        """The beginning of an answer, up to its length; answers with the same status and media type share it."""
        # uvicorn makes new default headers, with the date in them, every second.
        if default_headers is not self._default_headers:
            self._default_headers = default_headers
            self._default_lines = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in default_headers)
        return f"{_STATUS_LINES[status]}{self._default_lines}content-type: {media_type}\r\ncontent-length: "


@compiled
def media_types_of(answers: Sequence[Answer]) -> set[str]:
    """The different media types of answers."""
    return {answer.media_type for answer in answers}


@compiled
def encode_all(
    starts: Mapping[str, str], calls: Sequence[PlainCall], answers: Sequence[Answer], unusual: Callable[[PlainCall, Answer], Data]
) -> list[Data]:
    """Answers as they are written; `starts` has the beginning of an answer for each media type.

    `unusual` encodes the answers after which a connection ends, or may end.
    """
    return [
        unusual(call, answer)
        if call.connection.ending or (answer.headers and answer.closes)
        else _encode(starts[answer.media_type], answer, call.request_id)
        for call, answer in zip(calls, answers, strict=True)
    ]


def _encode(start: str, answer: Answer, request_id: str, *, close: bool = False) -> Data:
    # Written as one text, in the order of `headers_of`: joining the pairs of `headers_of` would take three times as long.
    timing = f"\r\nserver-timing: {answer.timing}" if answer.timing else ""
    more = "".join([f"{name}: {value}\r\n" for name, value in answer.headers]) if answer.headers else ""
    if close and not answer.closes:
        more += "connection: close\r\n"
    body = answer.body
    head = (f"{start}{len(body)}\r\nx-content-type-options: nosniff\r\nx-request-id: {request_id}{timing}\r\n{more}\r\n").encode("latin-1")
    if len(body) <= _SEPARATE_WRITE:
        return head + body
    if not isinstance(body, bytes | bytearray | memoryview):
        raise TypeError(f"expected an adapter to give bytes, got {type(body).__name__}")
    return [head, body]

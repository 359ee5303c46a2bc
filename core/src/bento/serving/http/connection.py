"""Reading what a client sends, where uvicorn's own way is not enough.

uvicorn parses everything that a client sends ahead of its turn. If it cannot parse something, it answers in the middle of other answers. If
a request offers to switch to another protocol, it leaves the body unread. This is its protocol with those gaps closed.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import httptools

from ..calls.limits import headers_too_large
from .ending import Ending
from .offers import lines_without_offer
from .unchunked import Unchunked

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    from .fast import FastLane

log = logging.getLogger("bento.serving")

# Parsing stops when so many of a connection's requests wait for their turn, and goes on when there are fewer than the second number.
# Parsing one each time that one is answered would take longer.
_FAR, _NEAR = 32, 16
# The longest target that the parser takes, in bytes.
_LONGEST_TARGET = 65_535


def new_parser(protocol: HttpToolsProtocol) -> httptools.HttpRequestParser:
    """A parser as uvicorn makes one."""
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


class Connection(Ending):
    """A connection whose parser callbacks note how much of a request has come."""

    __slots__ = ("_counted", "_has_more", "_overhead")

    def __init__(self, lane: FastLane, *args: Any, **kwargs: Any) -> None:
        super().__init__(lane, *args, **kwargs)
        # Whether the last packet brought some of a body.
        self._has_more = False
        # How many bytes of the newest request are not its body, and when the request began for which they were counted.
        self._overhead = 0
        self._counted = 0.0

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._backlog.put(data)
        self._parse()

    def _parse(self) -> None:
        """Parse what has come, until enough requests are ahead of their turn."""
        size = 0
        while self._backlog and not self._is_far_ahead():
            piece = self._backlog.take(_FAR - len(self.pipeline))
            size += len(piece)
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade as switch:
                self._read_again(piece[switch.args[0] :])
            except httptools.HttpParserError as error:
                self._give_up(error)
        if self._backlog:
            self.flow.pause_reading()
            return
        if self._is_open:
            self._await_rest(size)
        if self.ending:
            self._say_last()

    def _is_far_ahead(self) -> bool:
        """Whether enough requests wait for their turn, or one request whose body is not complete."""
        return len(self.pipeline) >= _FAR or bool(self.pipeline and self._is_open and self._diverted)

    def on_body(self, body: bytes) -> None:
        self._has_more = True
        super().on_body(body)

    def _await_rest(self, size: int) -> None:
        """Count `size` more bytes of an incomplete request: its head, and what is around its chunks, must not grow without limit."""
        if self._counted != self._received or self._has_more:
            self._counted, self._overhead, self._has_more = self._received, 0, False
            return
        self._overhead += size
        if self._overhead > 2 * self._limits.headers:
            self.refuse(431, headers_too_large(self._limits))

    def _read_again(self, rest: bytes) -> None:
        """Parse a request again without its offer to switch to another protocol, which a server may ignore (RFC 9110, section 7.8)."""
        if self.parser.get_method() == b"CONNECT":
            # The ordinary lane refuses it; the parser has passed it there already.
            self._backlog.put_back(rest)
            return
        line = b"%s %s HTTP/%s" % (self.parser.get_method(), self._url, self.parser.get_http_version().encode())
        self.parser = new_parser(self)
        self._backlog.put_back(b"\r\n".join([line, *lines_without_offer(self._raw_headers), b"", rest]))

    def _give_up(self, error: httptools.HttpParserError) -> None:
        cause = error.__context__
        if len(self._url) > _LONGEST_TARGET:
            self.refuse(414, f"the target is longer than {_LONGEST_TARGET} bytes")
        elif cause is None or isinstance(cause, httptools.HttpParserError):
            self.refuse(400, "the request is malformed: expected HTTP/1.1")
        else:
            log.error("a request could not be taken: %s: %s", type(cause).__name__, cause, exc_info=cause)
            self.refuse(500, "the service failed to answer; its log says why")

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._backlog and len(self.pipeline) < _NEAR and not self.transport.is_closing():
            self._parse()
            if self._is_in_head():
                # The client's time to send the head begins now, because nothing was read until now.
                self._received = time.monotonic()
        elif self.ending:
            # The client may not know yet that this was the last answer, and may be about to send another request.
            self._received = time.monotonic()
        self._end_if_idle()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        if cycle.scope["http_version"] != "1.1":
            app = Unchunked(app, cycle)
        super()._start_asgi_task(cycle, app)

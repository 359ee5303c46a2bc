"""The load generator: one process with epoll, sockets and requests that are written beforehand; the same for every subject.

The streams of an event loop would cost as much as the servers that are measured. Here a request costs two system calls and some ten lines;
the tables of requests per second say how much that is.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import NamedTuple

OK = 200
REFUSALS = frozenset({408, 429, 503, 504})

_START = b"HTTP/1.1 200 "
_PIECE = 1 << 14
_PATIENCE = 10.0
# The kernel takes about this long to end a wait, so the last part of a wait is spent awake.
_WAKING = 0.0002


class WrongAnswer(Exception):
    """A server's answer is not the right one, or there is none."""


class Question(NamedTuple):
    """A whole request, and how the answer to it ends; a `tail` that begins with an empty line is the whole body.

    If an answer comes in pieces, `body` is its whole body, and `pieces` the number of its pieces.
    """

    request: bytes
    tail: bytes
    body: bytes = b""
    pieces: int = 1


@dataclass
class Round:
    """The result of a load: the latencies of good answers in seconds, and the number of answers by status."""

    seconds: float = 0.0
    own_seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.statuses[OK] / self.seconds

    @property
    def own_cost(self) -> float:
        """Processor seconds that the generator itself took per answer."""
        return self.own_seconds / max(1, self.statuses.total())

    def quantile(self, part: float) -> float:
        """The latency in seconds that this part of the good answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("inf")


class _Connection:
    """A connection with at most one request on its way."""

    __slots__ = ("answer", "rest", "since", "socket", "tail")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), _PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.answer = b""
        self.tail = b""
        self.rest: memoryview | None = None
        self.since = 0.0


class Client:
    """A number of connections to one server."""

    def __init__(self, port: int, questions: Sequence[Question], connections: int, refusals: frozenset[int] = frozenset()) -> None:
        self._questions = cycle(questions)
        self._refusals = refusals
        self._poll = select.epoll()
        self._connections: dict[int, _Connection] = {}
        self._round = Round()
        for _ in range(connections):
            connection = _Connection(port)
            self._connections[connection.socket.fileno()] = connection
            self._poll.register(connection.socket, select.EPOLLIN)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._poll.close()
        for connection in self._connections.values():
            connection.socket.close()

    def keep_asking(self, seconds: float) -> Round:
        """A closed loop: each connection asks again as soon as it is answered."""
        with self._counting() as (round, start):
            end = start + seconds
            for connection in self._connections.values():
                self._ask(connection, start)
            open = len(self._connections)
            while open:
                for connection in self._answered():
                    now = time.perf_counter()
                    round.latencies.append(now - connection.since)
                    if now < end:
                        self._ask(connection, now)
                    else:
                        open -= 1
        return round

    def ask_once(self) -> Round:
        """One request on each connection, all at the same time."""
        return self.keep_asking(0.0)

    def ask_at(self, arrivals: Sequence[float]) -> Round:
        """An open loop: requests are due at these seconds from the start, whether earlier ones are answered or not. Latencies count from
        the time at which a request was due."""
        with self._counting() as (round, start):
            idle = deque(self._connections.values())
            waiting = deque(start + arrival for arrival in arrivals)
            missing, give_up = len(waiting), start + arrivals[-1] + _PATIENCE
            while missing:
                now = time.perf_counter()
                while waiting and idle and waiting[0] <= now:
                    self._ask(idle.popleft(), waiting.popleft())
                if now > give_up:
                    raise WrongAnswer(f"{missing} of {len(arrivals)} requests had no answer {_PATIENCE:g} seconds after the last was due")
                self._sleep(waiting[0] - now if waiting and idle else _PATIENCE)
                for connection in self._answered(0):
                    round.latencies.append(time.perf_counter() - connection.since)
                    idle.append(connection)
                    missing -= 1
        return round

    @contextmanager
    def _counting(self) -> Iterator[tuple[Round, float]]:
        self._round = Round()
        gc.disable()
        own, start = time.process_time(), time.perf_counter()
        try:
            yield self._round, start
        finally:
            self._round.seconds = time.perf_counter() - start
            self._round.own_seconds = time.process_time() - own
            gc.enable()

    def _sleep(self, seconds: float) -> None:
        """Wait until an answer comes or the time is nearly over. epoll's own timeout counts in milliseconds."""
        if seconds > _WAKING:
            select.select([self._poll], (), (), seconds - _WAKING)

    def _ask(self, connection: _Connection, since: float) -> None:
        request, connection.tail, *_ = next(self._questions)
        connection.since = since
        sent = connection.socket.send(request)
        if sent < len(request):
            connection.rest = memoryview(request)[sent:]
            self._poll.modify(connection.socket, select.EPOLLIN | select.EPOLLOUT)

    def _send_rest(self, connection: _Connection) -> None:
        if connection.rest is not None:
            connection.rest = connection.rest[connection.socket.send(connection.rest) :]
            if not connection.rest:
                connection.rest = None
                self._poll.modify(connection.socket, select.EPOLLIN)

    def _answered(self, timeout: float = _PATIENCE) -> Iterator[_Connection]:
        """The connections whose answer is complete; a good answer is counted, and a wrong one is a WrongAnswer."""
        events = self._poll.poll(timeout)
        if timeout and not events:
            raise WrongAnswer(f"there was no answer for {timeout:g} seconds")
        for number, event in events:
            connection = self._connections[number]
            if event & select.EPOLLOUT:
                self._send_rest(connection)
            if not event & ~select.EPOLLOUT:
                continue
            data = connection.socket.recv(_PIECE)
            # Nearly every answer comes in one piece. For others, their bytes are counted.
            if data.endswith(connection.tail) and data.startswith(_START) and not connection.answer:
                self._round.statuses[OK] += 1
                yield connection
            elif self._is_whole(connection, data):
                yield connection

    def _is_whole(self, connection: _Connection, data: bytes) -> bool:
        if not data:
            raise WrongAnswer(f"the server closed a connection after {connection.answer[:200]!r}")
        connection.answer += data
        head, found, body = connection.answer.partition(b"\r\n\r\n")
        if not found or not _is_body(head.lower(), body):
            return False
        answer, connection.answer = connection.answer, b""
        status = int(answer[9:12])
        if not (answer.endswith(connection.tail) if status == OK else status in self._refusals):
            raise WrongAnswer(f"expected an answer that ends in {connection.tail!r}, got {answer[:500]!r}")
        self._round.statuses[status] += 1
        return True


def _is_body(head: bytes, body: bytes) -> bool:
    """Whether a body is all there, by its length or its last chunk."""
    _, found, length = head.partition(b"\r\ncontent-length:")
    if found:
        return len(body) >= int(length.partition(b"\r\n")[0])
    return body.endswith(b"0\r\n\r\n")

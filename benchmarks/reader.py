"""Reads streams as quickly as they come, notes when the first piece of each is there, and checks that all pieces are right and in order."""

from __future__ import annotations

import gc
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle

from .client import Question, WrongAnswer

_PATIENCE = 10.0
_MOST = 1 << 16
_START = b"HTTP/1.1 200 "
_END = b"\r\n0\r\n\r\n"


@dataclass
class Reading:
    """The result of streams that were all right: how many pieces came in how many seconds, and how long each first piece took."""

    seconds: float = 0.0
    pieces: int = 0
    firsts: list[float] = field(default_factory=list)


class _Stream:
    """One connection, and the answer that is coming."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), _PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begin(Question(b"", b""))

    def begin(self, question: Question) -> None:
        self.question = question
        self.answer = bytearray()
        self.has_begun = False
        self.since = time.perf_counter()
        self.socket.sendall(question.request)


class Reader:
    """A number of connections to one server, each of which has one stream after the other."""

    def __init__(self, port: int, questions: Sequence[Question], connections: int) -> None:
        self._questions = cycle(questions)
        self._poll = select.epoll()
        self._streams: dict[int, _Stream] = {}
        for _ in range(connections):
            stream = _Stream(port)
            self._streams[stream.socket.fileno()] = stream
            self._poll.register(stream.socket, select.EPOLLIN)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._poll.close()
        for stream in self._streams.values():
            stream.socket.close()

    def keep_reading(self, seconds: float) -> Reading:
        """For so long, begin another stream on each connection as soon as one is over. The pieces are checked after the last stream."""
        reading = Reading()
        whole: list[tuple[Question, bytearray]] = []
        gc.disable()
        start = time.perf_counter()
        for stream in self._streams.values():
            stream.begin(next(self._questions))
        open = len(self._streams)
        while open:
            for stream in self._ended(reading):
                whole.append((stream.question, stream.answer))
                if time.perf_counter() < start + seconds:
                    stream.begin(next(self._questions))
                else:
                    open -= 1
        reading.seconds = time.perf_counter() - start
        gc.enable()
        for question, answer in whole:
            check(question, bytes(answer))
            reading.pieces += question.pieces
        return reading

    def _ended(self, reading: Reading) -> list[_Stream]:
        """Take in what has come; returns the streams that have ended."""
        events = self._poll.poll(_PATIENCE)
        if not events:
            raise WrongAnswer(f"nothing came for {_PATIENCE:g} seconds")
        ended = []
        for number, _ in events:
            stream = self._streams[number]
            data = stream.socket.recv(_MOST)
            if not data:
                raise WrongAnswer(f"the server closed a connection after {bytes(stream.answer[:200])!r}")
            stream.answer += data
            if not stream.has_begun and stream.answer.partition(b"\r\n\r\n")[2]:
                stream.has_begun = True
                reading.firsts.append(time.perf_counter() - stream.since)
            if stream.answer.endswith(_END):
                ended.append(stream)
        return ended


def check(question: Question, answer: bytes) -> None:
    """Raise a WrongAnswer unless these chunks are what was asked for."""
    head, _, chunks = answer.partition(b"\r\n\r\n")
    try:
        is_right = head.startswith(_START) and joined(chunks) == question.body
    except ValueError:
        is_right = False
    if not is_right:
        raise WrongAnswer(f"expected {question.pieces} pieces from {question.body[:40]!r}, got {answer[:500]!r}")


def joined(chunks: bytes) -> bytes:
    """A body without the framing of its chunks. Source: RFC 9112, section 7.1."""
    pieces = []
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        pieces.append(rest[: int(size, 16)])
        chunks = rest[int(size, 16) + 2 :]
    return b"".join(pieces)

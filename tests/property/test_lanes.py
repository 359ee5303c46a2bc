"""Both lanes give the same bytes for any requests, however these are cut into packets and however many share a connection."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TypeVar

import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

import bento
from bento.adapters import ArrayAdapter, JsonAdapter
from bento.serving import App, Limits
from bento.serving.http.fast import FastLane, fits
from bento.serving.http.protocol import FastProtocol
from pressing import times

T = TypeVar("T")


class MarkedAdapter(JsonAdapter):
    """Reads a header besides the body."""

    name = "marked"
    request_headers = ("x-extra",)

    def decode(self, payload):
        return [super().decode(payload), dict(payload.headers)]


class Both(bento.Service):
    @bento.api(input=ArrayAdapter(shape=(None, 2), dtype="float64"), output=ArrayAdapter(), batch=True)
    def total(self, rows):
        return rows.sum(axis=1)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def echo(self, value, context):
        return [value, context.headers.get("x-extra")]

    @bento.api(input=MarkedAdapter(), output=JsonAdapter(), batch=True)
    def marked(self, values):
        return values

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def later(self, value):
        await asyncio.sleep(0)
        return value

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def fail(self, value):
        raise bento.InvalidInput("never good")


LIMIT = 256

methods = st.sampled_from(["POST", "POST", "POST", "POST", "GET", "PUT", "HEAD"])
paths = st.sampled_from(["/total", "/echo", "/marked", "/later", "/fail", "/echo?x=1", "/%65cho", "/nowhere", "/livez"])
bodies = st.sampled_from([b"[[1, 2]]", b"[[1,2],[3,4]]", b"[[1]]", b"{", b"", b'"x"', b"1" * 300, b"[" + b"0," * 40 + b"0]"])
headers = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(
            ["application/json", "Application/JSON; charset=utf-8", "text/plain", "application/msgpack", "no type"]
        ),
        "Accept": st.sampled_from(["*/*", "application/msgpack", "application/x-npy, */*;q=0.1"]),
        "X-Request-Id": st.sampled_from(["client-1", "two words", "x" * 200]),
        "Request-Timeout": st.sampled_from(["30", "soon", "-1"]),
        "X-Extra": st.sampled_from(["a", "ü".encode().decode("latin-1")]),
        "Origin": st.sampled_from(["http://127.0.0.1:1", "https://evil.example"]),
        "Connection": st.sampled_from(["keep-alive", "close"]),
        "Content-Encoding": st.sampled_from(["identity", "gzip"]),
    },
)


hosts = st.sampled_from(["127.0.0.1:1", "localhost", "evil.example"])


@dataclass(frozen=True)
class Ask:
    method: str
    path: str
    host: str
    headers: dict[str, str]
    body: bytes
    chunked: bool

    @property
    def is_large(self) -> bool:
        return len(self.body) > LIMIT

    @property
    def is_last(self) -> bool:
        """Whether no request can follow this one on its connection."""
        return self.is_large or self.headers.get("Connection") == "close"

    def wire(self) -> bytes:
        headers = {"Host": self.host, **self.headers, **({"Connection": "close"} if self.is_last else {})}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if self.chunked:
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(self.body), self.body) if self.body else b"0\r\n\r\n"
            lines.append("Transfer-Encoding: chunked")
        else:
            body = self.body
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


asks = st.lists(
    st.builds(
        Ask,
        methods,
        paths,
        st.sampled_from(["127.0.0.1:1", "localhost", "evil.example"]),
        headers,
        bodies,
        st.sampled_from([False, False, True]),
    ),
    min_size=1,
    max_size=5,
)


async def converse(address: tuple[str, int], stream: bytes, cuts: list[int]) -> bytes:
    """Send a stream in pieces, and read until the server closes, as the last request asks it to."""
    reader, writer = await asyncio.open_connection(*address)
    edges = sorted({cut % (len(stream) + 1) for cut in cuts} | {0, len(stream)})
    for start, end in pairwise(edges):
        writer.write(stream[start:end])
        await asyncio.sleep(0)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()
        await writer.wait_closed()


def normal(answer: bytes) -> bytes:
    """An answer without the parts that differ between equal requests: the time, generated ids and measured times."""
    answer = re.sub(rb"date: [^\r]*", b"date: D", answer)
    answer = re.sub(rb"\b[0-9a-f]{22}\b", b"ID", answer)
    return re.sub(rb"server-timing: [^\r]*", b"server-timing: T", answer)


async def both_lanes(stream: bytes, cuts: list[int]) -> list[bytes]:
    return await in_both_lanes(lambda address: converse(address, stream, cuts))


async def in_both_lanes(ask: Callable[[tuple[str, int]], Awaitable[T]]) -> list[T]:
    app: App = bento.app(Both(), limits=Limits(body=LIMIT))
    await app.lifecycle.start()
    config = uvicorn.Config(app, http="httptools", ws="none", server_header=False, log_config=None, access_log=False, lifespan="off")
    config.load()
    loop = asyncio.get_running_loop()
    lane = FastLane(app)
    answers = []
    for protocol in (lane.protocol, HttpToolsProtocol):
        state = ServerState()
        state.default_headers = [(b"date", b"D")]
        server = await loop.create_server(lambda make=protocol, state=state: make(config, state, {}), "127.0.0.1", 0)
        answers.append(await ask(server.sockets[0].getsockname()))
        server.close()
        await server.wait_closed()
        assert not state.connections
    await app.lifecycle.stop()
    return answers


async def take_turns(address: tuple[str, int], requests: list[bytes]) -> list[bytes]:
    """Send each request in a packet of its own once the previous one is answered; a last request closes the connection."""
    reader, writer = await asyncio.open_connection(*address)
    answers = []
    for request in requests:
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        length = re.search(rb"content-length: (\d+)", head)
        answers.append(head + await reader.readexactly(int(length[1]) if length else 0))
    writer.write(CLOSING)
    answers.append(await asyncio.wait_for(reader.read(), 20))
    writer.close()
    await writer.wait_closed()
    return answers


CLOSING = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nConnection: close\r\n\r\n[7]"


def test_the_fast_lane_knows_the_installed_uvicorn():
    assert fits()


@settings(max_examples=times(60, 400), deadline=None)
@given(batch=asks, cuts=st.lists(st.integers(0, 4000), max_size=6))
def test_both_lanes_answer_alike(batch, cuts):
    whole = [*takewhile(lambda ask: not ask.is_last, batch), *[ask for ask in batch if ask.is_last][:1]]
    stream = b"".join(ask.wire() for ask in whole) + (b"" if whole[-1].is_last else CLOSING)
    # Bytes that come after a server has closed reset the connection, so such a stream is sent in one piece.
    fast, ordinary = asyncio.run(both_lanes(stream, [] if whole[-1].is_last else cuts))
    assert normal(fast) == normal(ordinary)
    assert fast


@settings(max_examples=times(30, 200), deadline=None)
@given(batch=asks, order=st.permutations(range(10)))
def test_both_lanes_answer_repeated_requests_alike(batch, order):
    plain = [ask.wire() for ask in batch if ask.method == "POST" and not ask.is_last]
    repeated = [plain[place % len(plain)] for place in order] if plain else []
    fast, ordinary = asyncio.run(in_both_lanes(lambda address: take_turns(address, repeated)))
    assert list(map(normal, fast)) == list(map(normal, ordinary))


def test_a_head_that_repeats_the_previous_one_is_not_parsed_again(monkeypatch):
    parsed: list[bytes] = []
    inherited = FastProtocol.on_headers_complete
    monkeypatch.setattr(FastProtocol, "on_headers_complete", lambda self: (parsed.append(self._url), inherited(self))[1])
    plain = [
        Ask("POST", "/echo", "localhost", {"Content-Type": "application/json"}, body, chunked=False).wire() for body in (b"1", b"2", b"3")
    ]
    answers, _ = asyncio.run(in_both_lanes(lambda address: take_turns(address, plain)))
    assert [answer.rpartition(b"\r\n")[2] for answer in answers] == [b"[1,null]", b"[2,null]", b"[3,null]", b"[[7],null]"]
    assert len(parsed) == 2  # the first, and the one that closes


def test_an_adapter_sees_the_headers_that_it_names_of_each_request_and_no_others():
    marks = [{"X-Extra": "a", "X-Other": "b"}, {}, {"x-extra": "a, b"}, {"X-Extra": "a", "X-Other": "b"}]
    plain = [
        Ask("POST", "/marked", "localhost", {"Content-Type": "application/json", **each}, b"1", chunked=False).wire() for each in marks
    ]
    for answers in asyncio.run(in_both_lanes(lambda address: take_turns(address, plain))):
        bodies = [json.loads(answer.rpartition(b"\r\n")[2]) for answer in answers[:-1]]
        assert bodies == [[1, {"x-extra": "a"}], [1, {}], [1, {"x-extra": "a, b"}], [1, {"x-extra": "a"}]]


def test_a_plain_request_takes_the_fast_lane(monkeypatch):
    begun: list[str] = []
    monkeypatch.setattr("bento.serving.http.protocol.FastProtocol._begin", lambda self, head, body: begun.append(head.endpoint.api.name))
    plain = Ask("POST", "/echo", "localhost", {"Content-Type": "application/json", "Connection": "keep-alive"}, b"1", chunked=False)

    async def ask(request: Ask) -> None:
        app: App = bento.app(Both())
        await app.lifecycle.start()
        config = uvicorn.Config(app, http="httptools", ws="none", log_config=None, lifespan="off")
        config.load()
        lane, state = FastLane(app), ServerState()
        server = await asyncio.get_running_loop().create_server(lambda: lane.protocol(config, state, {}), "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(request.wire())
        async with asyncio.timeout(10):
            while not begun:
                await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()
        server.close()
        await app.lifecycle.stop()

    asyncio.run(ask(plain))
    assert begun == ["echo"]

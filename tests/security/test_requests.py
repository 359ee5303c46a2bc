"""Hostile requests: each is answered or refused in little time and memory, and none of them can forge lines of the log."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc

import pytest

from bento import BadInput, Payload
from client import Answer, Connection, post, request
from running import started

MEGABYTE = 1 << 20
APP = """
import bento
from bento.adapters import BytesAdapter, JsonAdapter

class Sizes(bento.Service):
    @bento.api(input=BytesAdapter(), output=JsonAdapter())
    def size(self, file):
        return len(file)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def count(self, document):
        return len(document)

service = Sizes()
"""
ON_EITHER_LANE = pytest.mark.parametrize("lane", [{}, {"content_encoding": "identity"}], ids=["fast", "ordinary"])


@pytest.fixture
def server(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    with started(tmp_path) as server:
        yield server


def ask(port: int, asked: bytes) -> Answer:
    with Connection(port) as connection:
        return connection.ask(asked)


@ON_EITHER_LANE
@pytest.mark.parametrize("length", ["0" * 5000 + "1", "0" * 20 + "1"])
def test_a_content_length_of_far_too_many_digits_is_malformed(server, lane, length):
    answer = ask(server.port, post("/size", b"1", content_length=length, **lane))
    assert (answer.status, json.loads(answer.body)["detail"]) == (400, f"{length!r:.80} is not a Content-Length")
    assert server.stop() == 0
    assert not [line for line in server.lines if "Traceback" in line]


@pytest.mark.parametrize("lane", ["GET", "POST"])
def test_a_request_has_one_line_in_the_log_whatever_its_path(server, lane):
    target = "/a%0A2026-11-23T20:15:04Z%20POST%20/size%20200%20%1B%5B2J%C2%85/b:c%25"
    assert ask(server.port, request(lane, target)).status == 404
    assert server.stop() == 0
    assert [line.split()[1:4] for line in server.output.splitlines()] == [[lane, target, "404"]]


def test_a_body_of_countless_compressed_streams_is_unpacked_in_linear_time(server):
    empty = gzip.compress(b"", mtime=0)
    body = empty * (4 * MEGABYTE // len(empty)) + gzip.compress(b"bento")
    started = time.monotonic()
    answer = ask(server.port, post("/size", body, "application/octet-stream", content_encoding="gzip"))
    assert (answer.status, answer.body) == (200, b"5")
    assert time.monotonic() - started < 10.0


def test_a_small_body_of_countless_lists_is_refused_in_a_fraction_of_the_memory_they_would_take(server):
    lists = 32 * MEGABYTE
    body = gzip.compress(b"\xdd" + lists.to_bytes(4, "big") + b"\x90" * lists)
    before = server.memory()
    answer = ask(server.port, post("/count", body, "application/msgpack", content_encoding="gzip"))
    assert (len(body) < MEGABYTE, answer.status) == (True, 413)
    assert server.peak() - before < 1024 * MEGABYTE


def test_content_types_that_are_kept_take_little_memory():
    """A parsed content type takes some thirty times the memory of its header."""
    parameters = "".join(f"; {number:x}=a" for number in range(9000))
    tracemalloc.start()
    for number in range(50):
        with pytest.raises(BadInput) as error:
            Payload.of(b"", f"text/x-{number}{parameters}")
        assert len(str(error.value)) < 200
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < MEGABYTE

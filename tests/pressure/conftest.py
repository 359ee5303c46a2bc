"""A service that does what its clients ask, for as long as they ask, and how long a load lasts."""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest

from running import LIMITED, PROGRAM, started

SERVICE = """
import asyncio, threading, time
import bento
from bento.adapters import ArrayAdapter, BytesAdapter, JsonAdapter

class Pressed(bento.Service):
    def __init__(self):
        super().__init__()
        self.begun = []
        self.gate, self.door = threading.Event(), threading.Event()

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def echo(self, value):
        return value

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def later(self, value):
        await asyncio.sleep(value)
        return value

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def sleep(self, seconds):
        "One at a time: what takes its time in a thread."
        self.begun.append(seconds)
        time.sleep(seconds)
        return seconds

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def passing(self, name):
        "One at a time, and none before the doorman lets it."
        self.begun.append(name)
        self.door.wait()
        return name

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def let_pass(self, _):
        self.door.set()

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), timeout=0.3)
    def hurried(self, seconds):
        self.begun.append(seconds)
        time.sleep(seconds)
        return seconds

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    async def begun_so_far(self, _):
        return self.begun

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=bento.Batch(size=1))
    def ten_milliseconds(self, values):
        time.sleep(0.01 * len(values))
        return values

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def count(self, value):
        return len(value)

    @bento.api(input=ArrayAdapter(shape=(None, 4), dtype="float64"), output=JsonAdapter())
    def mean(self, rows):
        return float(rows.mean())

    @bento.api(input=ArrayAdapter(shape=(None,), dtype="float64"), output=ArrayAdapter(), batch=True)
    def double(self, rows):
        return rows * 2

    @bento.api(input=BytesAdapter(), output=JsonAdapter())
    def size(self, file):
        return len(file)

    @bento.api(input=JsonAdapter(), output=BytesAdapter())
    def megabytes(self, count):
        return b"x" * (count << 20)

    @bento.api(input=JsonAdapter(), timeout=0.5)
    def stream(self, count):
        for _ in range(count):
            yield "x" * 100_000

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def leak(self, count):
        for _ in range(count):
            threading.Thread(target=self.gate.wait).start()
        return threading.active_count()

service = Pressed()
"""


@pytest.fixture
def seconds() -> float:
    """How long a load lasts: 3 seconds, or as many as BENTO_PRESSURE_SECONDS says."""
    return float(os.environ.get("BENTO_PRESSURE_SECONDS", "3"))


@pytest.fixture
def server(tmp_path):
    """A server as a user starts it."""
    (tmp_path / "app.py").write_text(SERVICE)
    with started(tmp_path, PROGRAM) as server:
        yield server


@pytest.fixture
def limited(tmp_path):
    """Starts a server with limits of its own."""

    @contextmanager
    def start(**limits):
        (tmp_path / "app.py").write_text(SERVICE)
        with started(tmp_path, LIMITED, **limits) as server:
            yield server

    return start

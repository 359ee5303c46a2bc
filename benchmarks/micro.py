"""Where the microseconds of a request go inside bento: the fast lane in this process, with a transport that leads nowhere.

`python -m benchmarks.micro` prints microseconds per request and a profile by stage. They include no time of the kernel, and no model but a
column of the input, so bento alone can make all of it faster. With `--connections 1`, each request has a turn of the loop to itself.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from statistics import median
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

import bento
from bento.adapters import ArrayAdapter
from bento.serving.calls.limits import Limits
from bento.serving.http.app import App
from bento.serving.http.fast import FastLane
from bento.serving.lifecycle import Lifecycle
from bento.serving.logs import AccessLog

from .report import table
from .subjects import post

_REQUESTS = 6400
"""The requests of a round."""
_ADDRESS = ("127.0.0.1", 4001)

# The stage to which the time in each file's own lines belongs. Everything in other files belongs to the parser, the loop and Python.
_STAGES: Mapping[str, tuple[str, ...]] = {
    "parse": (
        "protocol.py",
        "pipelining.py",
        "intake.py",
        "heads.py",
        "connection.py",
        "ending.py",
        "backlog.py",
        "httptools_impl.py",
        "flow_control.py",
        "request.py",
    ),
    "decode": ("array.py", "_json.py", "_nested.py", "_fit.py", "_raw.py", "payload.py", "limits.py", "reading.py"),
    "queue": ("batching.py", "choosing.py", "call.py", "endpoint.py", "deadlines.py", "placement.py", "accounts.py", "figures.py"),
    "model": ("micro.py",),
    "encode": ("pipeline.py", "writing.py", "adapter.py", "negotiation.py", "_together.py"),
    "write": ("fast.py", "logs.py", "answer.py"),
}
# Functions that belong to another stage than the rest of their file.
_ELSEWHERE: Mapping[tuple[str, str], str] = {
    ("fast.py", "arrive"): "parse",
    ("fast.py", "_begin"): "parse",
    ("fast.py", "begin_soon"): "parse",
    ("fast.py", "_may_look"): "parse",
    ("pipelining.py", "send"): "write",
    ("pipelining.py", "send_all"): "write",
    ("ending.py", "write"): "write",
    ("reading.py", "_note"): "queue",
    ("reading.py", "note_items"): "queue",
    ("reading.py", "note_rows"): "queue",
    ("array.py", "rows"): "queue",
    ("_together.py", "read"): "decode",
    ("_together.py", "_plain"): "decode",
    ("_together.py", "_parsed"): "decode",
    ("_together.py", "_rows_of"): "decode",
}


class Iris(bento.Service):
    """Next to no model."""

    @bento.api(input=ArrayAdapter(shape=(None, 4), dtype="float64"), output=ArrayAdapter(), batch=bento.Batch(size=256))
    def predict(self, rows: Any) -> Any:
        """Give a column back."""
        return rows[:, 0]


class _Nowhere(asyncio.Transport):
    """Takes what is written and counts it."""

    answers = 0

    def __init__(self, own: socket.socket) -> None:
        super().__init__({"sockname": _ADDRESS, "peername": ("127.0.0.1", 5), "socket": own})

    def write(self, data: bytes | bytearray | memoryview) -> None:
        _Nowhere.answers += 1

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever kept back."""

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Nothing comes by itself."""


class _Nothing:
    """Where the access log goes."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        """Nothing is kept."""


class Loop:
    """Ticks of some connections with a request each."""

    def __init__(self, lane: FastLane, config: uvicorn.Config, request: bytes, connections: int, own: socket.socket) -> None:
        state = ServerState()
        state.default_headers = [(b"date", b"Mon, 23 Nov 2026 20:36:59 GMT")]
        self._request = request
        self._protocols = [lane.protocol(config, state, {}) for _ in range(connections)]
        for protocol in self._protocols:
            protocol.connection_made(_Nowhere(own))

    async def run(self, ticks: int) -> None:
        """In each tick, let every connection send a request, and wait until all are answered."""
        for _ in range(ticks):
            wanted = _Nowhere.answers + len(self._protocols)
            for protocol in self._protocols:
                protocol.data_received(self._request)
            while _Nowhere.answers < wanted:
                await asyncio.sleep(0)


async def _measure(rounds: int, connections: int) -> tuple[float, pstats.Stats]:
    """The median of microseconds per request, and a profile."""
    lifecycle = Lifecycle(Iris, version="0", limits=Limits())
    app = App(lifecycle, access_log=AccessLog)
    await lifecycle.start()
    config = uvicorn.Config(app, loop="uvloop", ws="none", log_config=None, access_log=False)
    config.load()
    ticks = max(1, _REQUESTS // connections)
    taken = []
    profile = cProfile.Profile()
    with socket.socket() as own:
        loop = Loop(FastLane(app), config, post("/predict", b"[[5.1,3.5,1.4,0.2]]"), connections, own)
        await loop.run(20)
        for _ in range(rounds):
            before = time.process_time()
            await loop.run(ticks)
            taken.append((time.process_time() - before) / ticks / connections)
        profile.enable()
        await loop.run(ticks)
        profile.disable()
    await lifecycle.stop()
    return median(taken) * 1e6, pstats.Stats(profile)


def stages(profile: pstats.Stats) -> dict[str, float]:
    """The part of all time that each stage takes; the time of a built-in function counts for its caller."""
    times: dict[str, float] = defaultdict(float)
    for (file, _, function), (_, _, own, _, callers) in profile.stats.items():  # type: ignore[attr-defined]
        if file == "~":
            for (caller, _, name), (_, _, spent, _) in callers.items():
                times[_stage(caller, name)] += spent
        else:
            times[_stage(file, function)] += own
    total = sum(times.values())
    return {stage: times[stage] / total for stage in (*_STAGES, "loop and parser")}


def _stage(file: str, function: str) -> str:
    name = file.rpartition("/")[2]
    return _ELSEWHERE.get((name, function)) or next((stage for stage, files in _STAGES.items() if name in files), "loop and parser")


def main() -> None:
    """Print what a request costs, by stage."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="rounds of 6,400 requests")
    parser.add_argument("--connections", type=int, default=64, help="how many ask at once")
    parser.add_argument("--functions", type=int, default=0, metavar="N", help="print the N functions that take most as well")
    arguments = parser.parse_args()
    out, sys.stdout = sys.stdout, _Nothing()
    try:
        microseconds, profile = uvloop.run(_measure(arguments.rounds, arguments.connections))
    finally:
        sys.stdout = out
    print(f"{microseconds:.1f} us per request, {arguments.connections} at once\n")
    print(table(("stage", "part", "us"), [(name, f"{part:.0%}", f"{part * microseconds:.1f}") for name, part in stages(profile).items()]))
    if arguments.functions:
        profile.stream = out  # type: ignore[attr-defined]
        profile.sort_stats("tottime").print_stats(arguments.functions)


if __name__ == "__main__":
    main()

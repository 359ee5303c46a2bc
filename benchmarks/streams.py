"""Streams: pieces per second, how long the first one takes, and how much of that is the way to a thread and back."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import uvloop

from bento.serving.calls.threads import Threads, settle

from .reader import Reader
from .report import Section, at_least, milliseconds
from .servers import Server, stable
from .subjects import PIECES
from .subjects import streams as subjects

if TYPE_CHECKING:
    from .plan import Plan

_ONE, _MANY = 1, 16
_WARM_UP = 0.05
# The part of a round's time that is measured here: it has about a hundred streams of two hundred pieces, which is enough.
_PART = 0.25
_WAYS = 500


class _Measured:
    """Medians over the rounds, by subject and connections: pieces per second, seconds to the first piece of a stream, processor seconds per
    piece."""

    def __init__(self) -> None:
        self._rounds: dict[tuple[str, int], list[tuple[float, float, float]]] = defaultdict(list)

    def take(self, server: Server, connections: int, seconds: float) -> None:
        """One server's round."""
        with Reader(server.port, server.questions, connections) as reader:
            reader.keep_reading(min(seconds, _WARM_UP))
            before = server.cpu_seconds()
            reading = reader.keep_reading(seconds)
            cpu = server.cpu_seconds() - before
        figures = (reading.pieces / reading.seconds, median(reading.firsts), cpu / reading.pieces)
        self._rounds[server.subject.name, connections].append(figures)

    def figures(self) -> dict[str, dict[str, tuple[float, float, float]]]:
        """The medians by subject and connections, for subjects that took part in all rounds."""
        found: dict[str, dict[str, tuple[float, float, float]]] = defaultdict(dict)
        for (name, connections), rounds in self._rounds.items():
            rates, firsts, costs = zip(*rounds, strict=True)
            found[name][str(connections)] = (median(rates), median(firsts), median(costs))
        return {name: figures for name, figures in found.items() if len(figures) == len((_ONE, _MANY))}


def streams(plan: Plan) -> Section:
    """Pieces from plain and from async generators, as events and as lines, and from one ASGI function."""
    measured = _Measured()
    with stable(plan.chosen(subjects())) as made:
        for connections in (_ONE, _MANY):
            made.in_turn(plan.rounds, lambda server, number=connections: measured.take(server, number, plan.seconds * _PART))  # type: ignore[misc]
    own, executor = uvloop.run(_ways())
    note = (
        f"Streams of {PIECES} numbers with nothing to compute between them; every piece is compared with what it should be. A thread does "
        f"each step of a plain generator: alone in a process, the way there and back takes {own * 1e6:.0f} us, "
        f"by an executor {executor * 1e6:.0f}."
    )
    head = [
        "",
        *(f"pieces/s, {number} conn." for number in (_ONE, _MANY)),
        *(f"ms to the first, {number} conn." for number in (_ONE, _MANY)),
    ]
    section = Section("Streams", [*head, f"CPU us a piece at {_MANY}"], note, absent=made.absent)
    found = measured.figures()
    for name, figures in found.items():
        (few, first, _), (many, first_of_many, cost) = figures[str(_ONE)], figures[str(_MANY)]
        section.rows.append([name, f"{few:,.0f}", f"{many:,.0f}", milliseconds(first), milliseconds(first_of_many), f"{cost * 1e6:,.1f}"])
        section.figures[name] = {number: dict(zip(("pieces", "first", "cost"), values, strict=True)) for number, values in figures.items()}
    section.figures["way to a thread"] = {"bento": own, "executor": executor}
    bare, mosec = _rate(found, "bare ASGI"), _rate(found, "mosec")
    section.goals = [at_least("streams of plain generators: 1.5x mosec", _rate(found, "bento, plain, events"), mosec, 1.5)] + [
        at_least(f"streams of async generators as {kind}: 40 % of a bare ASGI function", _rate(found, f"bento, async, {kind}"), bare, 0.4)
        for kind in ("events", "lines")
    ]
    return section


def _rate(found: dict[str, dict[str, tuple[float, float, float]]], name: str) -> float | None:
    """Pieces a second on many connections."""
    return found[name][str(_MANY)][0] if name in found else None


async def _ways() -> tuple[float, float]:
    """Seconds of the way to a thread and back to the event loop, by bento's own threads and by an executor: medians of rounds that take
    turns."""
    loop = asyncio.get_running_loop()
    threads, executor = Threads(1, "benchmark", loop), ThreadPoolExecutor(1)
    own, executors = [], []
    for _ in range(5):
        own.append(await _seconds_of(partial(_given, threads, loop)))
        executors.append(await _seconds_of(lambda: loop.run_in_executor(executor, int)))
    threads.close()
    executor.shutdown()
    return median(own), median(executors)


def _given(threads: Threads, loop: asyncio.AbstractEventLoop) -> asyncio.Future[int]:
    """Give work to bento's threads; returns a future of its result."""
    future: asyncio.Future[int] = loop.create_future()
    threads.run(int, partial(settle, future))
    return future


async def _seconds_of(go: Callable[[], Awaitable[int]]) -> float:
    start = time.perf_counter()
    for _ in range(_WAYS):
        await go()
    return (time.perf_counter() - start) / _WAYS

"""How long starts take, how much memory they need, and whether a first burst is answered."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import TYPE_CHECKING

from . import processes
from .client import OK
from .environments import program, variables
from .report import Goal, Section, at_most
from .servers import end, stable, start, wait
from .subjects import Subject, adder, bento, peers

if TYPE_CHECKING:
    from .plan import Plan

_BURST = 200
_IMPORT = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
# What skops imports for a LogisticRegression.
_SKLEARN = "sklearn.linear_model, skops.io"


def starting(plan: Plan) -> Section:
    """Medians over some starts; the files that they read are in the page cache already."""
    times = plan.rounds
    imported = _median(times, lambda: _seconds_of_import("bento"))
    version = _median(times, lambda: _wall("bento", "--version"))
    first, megabytes = _medians(_start(adder()) for _ in range(times))
    burst, idle = _burst_and_idle(adder())
    section = Section(
        "Start",
        ["", "seconds", "MB"],
        f"Medians of {times} starts, the files in memory; peers once, serving LogisticRegression. Its starts and its imports take turns.",
    )
    sklearn, logistic, its_megabytes, beyond = _medians(_import_and_start() for _ in range(times))
    section.rows += [
        ["import bento", f"{imported:.3f}", ""],
        ["bento --version", f"{version:.3f}", ""],
        ["bento serve, no framework: first answer", f"{first:.2f}", f"{megabytes:.0f}"],
        [f"import {_SKLEARN}", f"{sklearn:.2f}", ""],
        ["bento serve, LogisticRegression: first answer", f"{logistic:.2f}", f"{its_megabytes:.0f}"],
    ]
    with stable(plan.chosen(peers("logistic"))) as made:
        for server in made.servers:
            section.rows.append([f"{server.subject.name}: first answer", f"{server.first_answer:.2f}", f"{server.memory() / 1e6:.0f}"])
    section.absent = made.absent
    section.goals = [
        at_most("import bento: 60 ms", imported * 1e3, 60, "ms"),
        at_most("bento --version: 120 ms", version * 1e3, 120, "ms"),
        at_most("bento serve without a framework: first answer within 0.4 s", first, 0.4, "s"),
        at_most("bento serve without a framework: 45 MB", megabytes, 45, "MB"),
        at_most("bento serve with scikit-learn: 0.2 s beyond importing it", beyond, 0.2, "s beyond"),
        Goal("first burst: 200 simultaneous requests to a new server are all answered", f"{burst} answered", burst == _BURST),
        at_most("idle: 50 ms of CPU in two seconds", idle * 1e3, 50, "ms"),
    ]
    section.figures = {"import": imported, "version": version, "first": first, "megabytes": megabytes, "sklearn": beyond}
    return section


def _median(times: int, measure: Callable[[], float]) -> float:
    return median(measure() for _ in range(times))


def _seconds_of_import(modules: str) -> float:
    command = [str(program("", "python")), "-c", _IMPORT.format(modules)]
    return float(subprocess.run(command, env=variables(), capture_output=True, check=True).stdout)


def _wall(name: str, *arguments: str) -> float:
    before = time.perf_counter()
    subprocess.run([program("", name), *arguments], env=variables(), capture_output=True, check=True)
    return time.perf_counter() - before


def _medians(measured: Iterable[tuple[float, ...]]) -> list[float]:
    """The median of each of the numbers that were measured together."""
    return list(map(median, zip(*measured, strict=True)))


def _import_and_start() -> tuple[float, float, float, float]:
    """Seconds to import what a LogisticRegression needs, seconds to the first answer of its server, the server's megabytes, and the
    difference of the two times.

    Both are measured one right after the other, because a machine's speed changes in the course of minutes.
    """
    imported = _seconds_of_import(_SKLEARN)
    first, megabytes = _start(bento("logistic"))
    return imported, first, megabytes, first - imported


def _start(subject: Subject) -> tuple[float, float]:
    """Seconds to the first answer, and megabytes then."""
    server = start(subject)
    try:
        wait(server)
        return server.first_answer, server.memory() / 1e6
    finally:
        end(server)


def _burst_and_idle(subject: Subject) -> tuple[int, float]:
    """How many requests of a new server's first burst are answered, and the processor time of two idle seconds after it."""
    server = start(subject)
    try:
        wait(server)
        with server.client(_BURST, frozenset({503})) as client:
            burst = client.ask_once()
        before = processes.cpu_seconds(server.process.pid)
        time.sleep(2)
        return burst.statuses[OK], processes.cpu_seconds(server.process.pid) - before
    finally:
        end(server)

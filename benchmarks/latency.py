"""Latency under a load that does not wait for answers: requests are due at times fixed beforehand, as from many independent clients."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING

from .client import WrongAnswer
from .report import Goal, Section, milliseconds
from .servers import Server, stable
from .subjects import bento, peers

if TYPE_CHECKING:
    from .plan import Plan

_RATES = (200, 2000, 6000)
_CONNECTIONS = 64
# Of fewer, the 99th percentile is little else than the largest.
_LEAST_REQUESTS = 400
_HALF = "half its peak"

Found = dict[tuple[str, str], list[tuple[float, float]]]


def latency(plan: Plan) -> Section:
    """The 50th and 99th percentile at half of each server's own peak, and at three rates that are the same for all."""
    found: Found = defaultdict(list)
    peaks: dict[str, list[float]] = defaultdict(list)
    with stable(plan.chosen([bento("logistic"), *peers("logistic")])) as made:
        made.in_turn(plan.rounds, lambda server: _peak(server, plan.seconds, peaks))
        half = {name: median(rates) / 2 for name, rates in peaks.items()}
        made.in_turn(plan.rounds, lambda server: _load(server, half[server.subject.name], _HALF, plan, found))
        for rate in _RATES:
            # Who cannot answer as fast as is asked has no latency but the length of the round.
            made.in_turn(plan.rounds, lambda server, rate=rate: _load_if_able(server, rate, half, plan, found))  # type: ignore[misc]
    loads = [_HALF, *(f"{rate:,}/s" for rate in _RATES)]
    head = ["p50 / p99 in ms", *loads, "its peak"]
    note = f"LogisticRegression, random arrivals, {_CONNECTIONS} connections; a dash where the rate is above the server's peak."
    section = Section("Latency", head, note, absent=made.absent)
    for name, rates in peaks.items():
        section.rows.append([name, *(_cell(found.get((name, load))) for load in loads), f"{median(rates):,.0f}/s"])
        section.figures[name] = {load: _middle(found[name, load]) for load in loads if (name, load) in found}
    section.goals = [_goal(load, quantile, found) for load in loads for quantile in (0, 1)]
    return section


def arrivals(rate: float, seconds: float) -> list[float]:
    """The same random moments for every server: independent clients, on average `rate` a second. Source: a Poisson process."""
    source = random.Random(7)
    return list(accumulate(source.expovariate(rate) for _ in range(max(1, int(rate * seconds)))))


def _peak(server: Server, seconds: float, peaks: dict[str, list[float]]) -> None:
    with server.client(_CONNECTIONS) as client:
        client.keep_asking(min(seconds, 0.2))
        peaks[server.subject.name].append(client.keep_asking(seconds).rate)


def _load(server: Server, rate: float, load: str, plan: Plan, found: Found) -> None:
    with server.client(_CONNECTIONS) as client:
        client.keep_asking(min(plan.seconds, 0.1))
        round = client.ask_at(arrivals(rate, max(plan.seconds, _LEAST_REQUESTS / rate)))
    found[server.subject.name, load].append((round.quantile(0.5), round.quantile(0.99)))


def _load_if_able(server: Server, rate: float, half: dict[str, float], plan: Plan, found: Found) -> None:
    if rate < 2 * half[server.subject.name]:
        try:
            _load(server, rate, f"{rate:,}/s", plan, found)
        except WrongAnswer:
            found[server.subject.name, f"{rate:,}/s"].append((float("inf"), float("inf")))


def _middle(rounds: list[tuple[float, float]]) -> tuple[float, float]:
    return median(first for first, _ in rounds), median(second for _, second in rounds)


def _cell(rounds: list[tuple[float, float]] | None) -> str:
    return " / ".join(map(milliseconds, _middle(rounds))) if rounds else "-"


def _goal(load: str, quantile: int, found: Found) -> Goal:
    """Below everybody's. Half of one's own peak is another rate for each, and bento's the highest."""
    name = ("p50", "p99")[quantile]
    promise = f"{name} at {load} below every peer's"
    values = {subject: _middle(rounds)[quantile] for (subject, other), rounds in found.items() if other == load}
    ours = values.pop("bento", None)
    if ours is None or not values:
        return Goal(promise, "" if ours is None else f"{milliseconds(ours)} ms", None)
    best = min(values, key=lambda subject: values[subject])
    return Goal(promise, f"{milliseconds(ours)} ms; next {best} with {milliseconds(values[best])} ms", ours < values[best])

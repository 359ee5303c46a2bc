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
from .steadiness import steadiness
from .subjects import bento, peers

if TYPE_CHECKING:
    from .plan import Plan

_RATES = (200, 2000, 6000)
_CONNECTIONS = 64
# With fewer requests, the 99th percentile is little else than the largest latency.
_LEAST_REQUESTS = 400
_HALF = "half its peak"
_OURS = "bento"
_QUANTILES = ("p50", "p99")

# By subject and load: the 50th and 99th percentile of each round.
Found = dict[tuple[str, str], list[tuple[float, float]]]


def latency(plan: Plan) -> Section:
    """The 50th and 99th percentile at half of each server's own peak, next to bento's at that rate, and at three rates for all."""
    found: Found = defaultdict(list)
    peaks: dict[str, list[float]] = defaultdict(list)
    with stable(plan.chosen([bento("logistic"), *peers("logistic")])) as made:
        made.in_turn(plan.rounds, lambda server: _peak(server, plan.seconds, peaks))
        half = {name: median(rates) / 2 for name, rates in peaks.items()}
        made.in_turn(plan.rounds, lambda server: _load_half(server, half, plan, found))
        for rate in _RATES:
            # If a server cannot answer at this rate, its latency grows with the length of the round, and says nothing else.
            made.in_turn(plan.rounds, lambda server, rate=rate: _load_if_able(server, rate, half, plan, found))  # type: ignore[misc]
    loads = [_HALF, *(f"{rate:,}/s" for rate in _RATES)]
    head = ["p50 / p99 in ms", _HALF, "bento at that rate", *loads[1:], "its peak"]
    note = (
        f"LogisticRegression, random arrivals, {_CONNECTIONS} connections; a dash where the rate is above the server's peak. "
        f"{steadiness(2 * plan.seconds)}"
    )
    section = Section("Latency", head, note, absent=made.absent)
    for name, rates in peaks.items():
        cells = [_cell(found.get(place)) for place in ((name, _HALF), (_OURS, _half_of(name)), *((name, load) for load in loads[1:]))]
        section.rows.append([name, *cells, f"{median(rates):,.0f}/s"])
        section.figures[name] = {load: _middle(rounds) for (subject, load), rounds in found.items() if subject == name}
    section.goals = [_goal(load, quantile, found) for load in loads for quantile in (0, 1)]
    section.goals += [_goal_at_their_half(quantile, found, list(peaks)) for quantile in (0, 1)]
    return section


def arrivals(rate: float, seconds: float) -> list[float]:
    """The same random arrivals for every server, in seconds: independent clients, on average `rate` per second. Source: a Poisson
    process."""
    source = random.Random(7)
    return list(accumulate(source.expovariate(rate) for _ in range(max(1, int(rate * seconds)))))


def _peak(server: Server, seconds: float, peaks: dict[str, list[float]]) -> None:
    with server.client(_CONNECTIONS) as client:
        client.keep_asking(min(seconds, 0.2))
        peaks[server.subject.name].append(client.keep_asking(seconds).rate)


def _half_of(name: str) -> str:
    """The name of bento's load at half of another server's peak."""
    return f"half of {name}'s peak"


def _load_half(server: Server, half: dict[str, float], plan: Plan, found: Found) -> None:
    """Load a server with half of its own peak. bento is loaded with half of each other's peak as well, because others cannot answer at
    bento's half."""
    _load(server, half[server.subject.name], _HALF, plan, found)
    if server.subject.name == _OURS:
        for name, rate in half.items():
            if name != _OURS and rate < 2 * half[_OURS]:
                _load(server, rate, _half_of(name), plan, found)


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
    """The goal of a latency below every peer's. Half of the own peak is another rate for each server, and bento's is the highest."""
    promise = f"{_QUANTILES[quantile]} at {load} below every peer's"
    values = {subject: _middle(rounds)[quantile] for (subject, other), rounds in found.items() if other == load}
    ours = values.pop(_OURS, None)
    if ours is None or not values:
        return Goal(promise, "" if ours is None else f"{milliseconds(ours)} ms", None)
    best = min(values, key=lambda subject: values[subject])
    return Goal(promise, f"{milliseconds(ours)} ms; next {best} with {milliseconds(values[best])} ms", ours < values[best])


def _goal_at_their_half(quantile: int, found: Found, names: list[str]) -> Goal:
    """The goal of a latency below each peer's at the same rate, which is half of that peer's peak."""
    promise = f"{_QUANTILES[quantile]} at half of each peer's peak below that peer's"
    pairs = {
        name: (_middle(found[_OURS, _half_of(name)])[quantile], _middle(found[name, _HALF])[quantile])
        for name in names
        if (_OURS, _half_of(name)) in found and (name, _HALF) in found
    }
    if not pairs:
        return Goal(promise, "", None)
    closest = max(pairs, key=lambda name: pairs[name][0] / pairs[name][1])
    ours, theirs = pairs[closest]
    return Goal(promise, f"{milliseconds(ours)} to {milliseconds(theirs)} ms; the closest is {closest}", ours < theirs)

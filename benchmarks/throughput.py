"""Requests per second and the processor time of each, at several numbers of connections that ask again as soon as they are answered."""

from __future__ import annotations

import time
from collections import defaultdict
from functools import partial
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING

from .client import OK, REFUSALS
from .models import fitted, rows
from .report import Goal, Section, at_least, at_most, milliseconds
from .servers import stable
from .subjects import Subject, bare, bento, peers, uncompiled

if TYPE_CHECKING:
    from .plan import Plan
    from .servers import Server

_WARM_UP = 0.2
# How often the model itself is called after a server's round at one connection.
_CALLS = 25

Figures = dict[tuple[str, int], float]


class _Measured:
    """Medians over the rounds, by subject and connections."""

    def __init__(self) -> None:
        self._rates: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._middles: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._costs: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._own: list[float] = []

    def take(self, server: Server, connections: int, seconds: float) -> None:
        """One server's round."""
        # A refusal is not a good answer, but not a wrong one either.
        with server.client(connections, REFUSALS) as client:
            client.keep_asking(min(seconds, _WARM_UP))
            before = server.cpu_seconds()
            round = client.keep_asking(seconds)
            cpu = server.cpu_seconds() - before
        place = (server.subject.name, connections)
        self._rates[place].append(round.rate)
        self._middles[place].append(round.quantile(0.5))
        self._costs[place].append(cpu / max(1, round.statuses[OK]))
        self._own.append(round.own_cost)

    def rate(self, name: str, connections: int) -> float | None:
        return _median(self._rates.get((name, connections)))

    def middle(self, name: str, connections: int) -> float | None:
        return _median(self._middles.get((name, connections)))

    def cost(self, name: str, connections: int) -> float | None:
        return _median(self._costs.get((name, connections)))

    @property
    def own_cost(self) -> float:
        return median(self._own) if self._own else 0.0


class _Model:
    """The same model in this process. The time of a call by itself is measured in turn with the servers, because a machine has slow
    minutes."""

    def __init__(self, name: str, sizes: tuple[int, ...]) -> None:
        self._model = fitted(name)
        self._taken: dict[int, list[float]] = {size: [] for size in sizes}

    def call(self) -> None:
        """Call the model several times with each number of rows."""
        import numpy as np

        for size, taken in self._taken.items():
            some = np.array(rows()[:size])
            for _ in range(_CALLS):
                start = time.perf_counter()
                self._model.predict(some)
                taken.append(time.perf_counter() - start)

    def seconds(self, size: int) -> float:
        """The median seconds of a call with so many rows."""
        return median(self._taken[size])


def _median(values: list[float] | None) -> float | None:
    return median(values) if values else None


def logistic(plan: Plan) -> Section:
    """A LogisticRegression, whose calls take a tenth of a millisecond."""
    model = _Model("logistic", (1, 64))
    subjects = [bento("logistic"), uncompiled("logistic"), bare(), *peers("logistic")]
    section, found = _measure(plan, "LogisticRegression", subjects, (1, 16, 64, 256), model)
    one, many = (model.seconds(size) * 1e6 for size in (1, 64))
    section.note += f" A call of the model in this process takes {one:.0f} us for a row and {many:.0f} us for 64"
    section.note += f" (scikit-learn {version('scikit-learn')})."
    for connections in (64, 256):
        ours, where = found.rate("bento", connections), f"at {connections} connections"
        section.goals += [
            at_least(f"LogisticRegression {where}: 3x mosec with batching", ours, found.rate("mosec, batching", connections), 3),
            at_least(f"LogisticRegression {where}: 100x BentoML 1.4", ours, found.rate("BentoML", connections), 100),
            at_least(f"LogisticRegression {where}: 1.5x a bare ASGI function", ours, found.rate("bare ASGI", connections), 1.5),
        ]
    section.goals.append(_quicker(found.middle("bento", 1), found.middle("mosec", 1)))
    cost = found.cost("bento", 64)
    section.goals.append(at_most("CPU per small request, everything on: 20 us", cost and cost * 1e6, 20, "us"))
    return section


def forest(plan: Plan) -> Section:
    """A forest of 100 trees, whose calls take the same time for one row as for 64."""
    model = _Model("forest", (1,))
    section, found = _measure(plan, "RandomForest(100)", [bento("forest"), *peers("forest")], (1, 64), model)
    own = model.seconds(1)
    section.note += f" A call of the model in this process takes {milliseconds(own)} ms."
    ours = found.rate("bento", 64)
    section.goals.append(at_least("RandomForest at 64 connections: 1.5x mosec with batching", ours, found.rate("mosec, batching", 64), 1.5))
    middle = found.middle("bento", 1)
    promise = "RandomForest at 1 connection: p50 at most 0.2 ms above the model's own time"
    section.goals.append(at_most(promise, middle and (middle - own) * 1e3, 0.2, "ms above"))
    return section


def _measure(plan: Plan, title: str, subjects: list[Subject], connections: tuple[int, ...], model: _Model) -> tuple[Section, _Measured]:
    found = _Measured()

    def take(server: Server, number: int) -> None:
        found.take(server, number, plan.seconds)
        if number == 1:
            model.call()

    with stable(plan.chosen(subjects)) as made:
        for number in connections:
            made.in_turn(plan.rounds, partial(take, number=number))
    head = [title, *(f"{number} conn." for number in connections), "to bento at 64", "p50 ms at 1", "CPU us at 64"]
    note = (
        f"Requests/s, medians of {plan.rounds} rounds of {plan.seconds:g} s in turn. "
        f"A request costs the load generator {found.own_cost * 1e6:.0f} us."
    )
    section = Section(title, head, note, absent=made.absent)
    for subject in subjects:
        if found.rate(subject.name, 1) is not None:
            section.rows.append(_row(found, subject.name, connections))
            section.figures[subject.name] = {
                str(number): {"rate": found.rate(subject.name, number), "p50": found.middle(subject.name, number)} for number in connections
            }
    return section, found


def _row(found: _Measured, name: str, connections: tuple[int, ...]) -> list[str]:
    rates = [found.rate(name, number) for number in connections]
    ours, theirs = found.rate("bento", 64), found.rate(name, 64)
    cells = [f"{rate:,.0f}" if rate else "failed" for rate in rates]
    ratio = f"{theirs / ours:.3f}" if ours and theirs else ""
    return [name, *cells, ratio, milliseconds(found.middle(name, 1) or 0), f"{(found.cost(name, 64) or 0) * 1e6:,.1f}"]


def _quicker(ours: float | None, theirs: float | None) -> Goal:
    promise = "LogisticRegression at 1 connection: p50 below mosec without batching"
    if not ours or not theirs:
        return Goal(promise, "", None)
    return Goal(promise, f"{milliseconds(ours)} to {milliseconds(theirs)} ms", ours < theirs)

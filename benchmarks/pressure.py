"""More requests than a server can answer, and requests for a long time."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from .client import OK, REFUSALS
from .report import Goal, Section, at_least, at_most, milliseconds
from .servers import Server, end, stable, start, wait
from .subjects import bento, slow

if TYPE_CHECKING:
    from .client import Client
    from .plan import Plan

_CONNECTIONS, _FEW = 300, 2
_CAPACITY = 100
_SLICES = 5
# Two halves of the same load differ by up to this factor on a machine that others use, too.
_SLOWER = 1.25


def overload(plan: Plan) -> Section:
    """Good answers of a service that takes 10 ms for an item, one at a time, while 300 connections keep asking."""
    rates: dict[str, list[float]] = {}
    answers: dict[str, list[float]] = {}
    refusals: dict[str, list[float]] = {}

    def take(server: Server) -> None:
        # The cost of a good answer, which is subtracted below: two connections get as many good answers as three hundred, and no refusals.
        with server.client(_FEW) as client:
            alone = _cost(server, client, plan.seconds)
        with server.client(_CONNECTIONS, REFUSALS) as client:
            client.keep_asking(2 * plan.seconds)
            before = server.cpu_seconds()
            round = client.keep_asking(4 * plan.seconds)
            cpu = server.cpu_seconds() - before
        total, good = round.statuses.total(), round.statuses[OK]
        name = server.subject.name
        rates.setdefault(name, []).append(round.rate)
        answers.setdefault(name, []).append(cpu / max(1, total))
        if total > good:
            refusals.setdefault(name, []).append((cpu - good * alone) / (total - good))

    with stable(plan.chosen(slow())) as made:
        made.in_turn(max(1, plan.rounds // 2), take)
    note = f"A capacity of {_CAPACITY} items/s, {_CONNECTIONS} connections, a deadline of 1 s; refused requests are asked again at once."
    section = Section(
        "Overload", ["", "good answers/s", "CPU us per answer, refusals included", "CPU us per refusal"], note, absent=made.absent
    )
    for name, values in rates.items():
        refusal = median(refusals[name]) * 1e6 if name in refusals else None
        shown = "" if refusal is None else f"{refusal:,.1f}"
        section.rows.append([name, f"{median(values):,.1f}", f"{median(answers[name]) * 1e6:,.1f}", shown])
        section.figures[name] = {"rate": median(values), "cost": median(answers[name]), **({"refusal": refusal / 1e6} if refusal else {})}
    ours = rates.get("bento")
    section.goals = [
        at_least("overload: 90 good answers/s of a capacity of 100", median(ours) if ours else None, _CAPACITY, 0.9),
        at_most("a refusal under overload: 20 us", median(refusals["bento"]) * 1e6 if "bento" in refusals else None, 20, "us"),
    ]
    return section


def _cost(server: Server, client: Client, seconds: float) -> float:
    """Processor seconds for each answer."""
    before = server.cpu_seconds()
    round = client.keep_asking(seconds)
    return (server.cpu_seconds() - before) / max(1, round.statuses.total())


def soak(plan: Plan) -> Section:
    """Whether memory or latency grow while a server answers without a pause."""
    seconds = 4 * plan.seconds
    server = start(bento("logistic"))
    sizes, middles, answered = [], [], 0
    try:
        wait(server)
        with server.client(64) as client:
            client.keep_asking(seconds)
            for _ in range(_SLICES + 1):
                round = client.keep_asking(seconds)
                sizes.append(server.memory() / 1e6)
                middles.append(round.quantile(0.5))
                answered += round.statuses[OK]
    finally:
        end(server)
    growth, slower = sizes[-1] - sizes[0], median(middles[-3:]) / median(middles[:3])
    section = Section("Soak", ["after seconds", "MB", "p50 ms"], f"{answered:,} requests from 64 connections.")
    for place, (size, middle) in enumerate(zip(sizes, middles, strict=True), 2):
        section.rows.append([f"{place * seconds:g}", f"{size:.1f}", milliseconds(middle)])
    section.goals = [
        at_most("soak: memory grows by at most 2 MB after warm-up", growth, 2, "MB"),
        Goal("soak: latency does not grow", f"the second half's p50 is {slower:.2f}x the first's", slower < _SLOWER),
    ]
    section.figures = {"growth": growth, "slower": slower}
    return section

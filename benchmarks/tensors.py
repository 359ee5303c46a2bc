"""Large bodies: float32 images at 4 connections, in four notations."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING

from .client import OK
from .report import Section, at_least
from .servers import Server, stable
from .subjects import IMAGE_BYTES
from .subjects import tensors as subjects

if TYPE_CHECKING:
    from .plan import Plan

_CONNECTIONS = 4
_FORMATS = ("raw", "npy", "msgpack")


def tensors(plan: Plan) -> Section:
    """Images a second, as bento reads them, as mosec does, and as one ASGI function that only reads the body."""
    rates: dict[str, list[float]] = defaultdict(list)
    costs: dict[str, list[float]] = defaultdict(list)

    def take(server: Server) -> None:
        images = sum(len(question.request) // IMAGE_BYTES or 1 for question in server.questions) / len(server.questions)
        if server.subject.name.endswith("JSON"):
            images = 1
        with server.client(_CONNECTIONS) as client:
            client.keep_asking(min(plan.seconds, 0.2))
            before = server.cpu_seconds()
            round = client.keep_asking(plan.seconds)
            cpu = server.cpu_seconds() - before
        rates[server.subject.name].append(round.rate * images)
        costs[server.subject.name].append(cpu / (round.statuses[OK] * images))

    with stable(plan.chosen(subjects())) as made:
        made.in_turn(plan.rounds, take)
    note = f"Bodies of 1, 4 and 16 images (3, 224, 224) in turn, {_CONNECTIONS} connections; JSON with 1 image only."
    section = Section("Tensors", ["", "images/s", "MB/s", "CPU us per image"], note, absent=made.absent)
    found = {name: median(values) for name, values in rates.items()}
    for name, rate in found.items():
        cost = median(costs[name]) * 1e6
        section.rows.append([name, f"{rate:,.0f}", f"{rate * IMAGE_BYTES / 1e6:,.0f}", f"{cost:,.0f}"])
        section.figures[name] = {"images": rate, "cost": cost}
    for format in _FORMATS:
        ours = found.get(f"bento, {format}")
        section.goals += [
            at_least(f"tensors as {format}: 70 % of a bare ASGI function that only reads the body", ours, found.get("bare ASGI"), 0.7),
            at_least(f"tensors as {format}: 1.5x mosec", ours, found.get("mosec, raw"), 1.5),
            at_least(f"tensors as {format}: 20x the JSON path", ours, found.get("bento, JSON"), 20),
        ]
    return section

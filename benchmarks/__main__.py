"""Print a Markdown table of requests per second. Each subject has a round in turn, and medians count: machines drift, ratios hold."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from statistics import median

from .load import requests_per_second
from .servers import SUBJECTS, Subject, running

_CONNECTIONS = (1, 16, 64)


def measure(connections: int, ports: Mapping[Subject, int], rounds: int, seconds: float) -> list[float]:
    """The median of each subject's rounds, in requests per second."""
    results: list[list[float]] = [[] for _ in ports]
    for _ in range(rounds):
        for result, (subject, port) in zip(results, ports.items(), strict=True):
            result.append(requests_per_second(port, subject.path, connections, seconds))
    return [median(result) for result in results]


def row(cells: Sequence[str]) -> str:
    """A line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Run everything side by side and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter rounds, for a first impression")
    parser.add_argument("--seconds", type=float, help="how long a round is")
    arguments = parser.parse_args()
    rounds, seconds = (3, arguments.seconds or 0.5) if arguments.quick else (7, arguments.seconds or 2.0)
    with ExitStack() as stack:
        ports = {subject: stack.enter_context(running(subject)) for subject in SUBJECTS}
        first, *others = ports
        print(f"Four floats as JSON in, their sum as JSON out; requests/s, medians of {rounds} rounds of {seconds:g} s.\n")
        print(row(["connections", first.name, *(f"{subject.name} (ratio)" for subject in others)]))
        print(row(["---:"] * (len(ports) + 1)))
        for connections in _CONNECTIONS:
            bare, *rest = measure(connections, ports, rounds, seconds)
            print(row([str(connections), f"{bare:,.0f}", *(f"{one:,.0f} ({one / bare:.2f})" for one in rest)]), flush=True)


if __name__ == "__main__":
    main()

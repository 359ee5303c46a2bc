"""Measure bento side by side with its peers and print a Markdown report: a table for each topic, and every goal with whether it is met."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import environments
from .latency import latency
from .places import CACHE, RESULTS, ROOT
from .plan import QUICK, Plan
from .plot import draw
from .pressure import overload, soak
from .report import Section, goals
from .starting import starting
from .streams import streams
from .tensors import tensors
from .throughput import forest, logistic

TOPICS: Mapping[str, Callable[[Plan], Section]] = {
    "logistic": logistic,
    "forest": forest,
    "latency": latency,
    "tensors": tensors,
    "streams": streams,
    "start": starting,
    "overload": overload,
    "soak": soak,
}


def main() -> None:
    """Measure, print, and keep the results in benchmarks/results."""
    arguments = _parse()
    plan = _plan(arguments)
    installing = _install(plan)
    _save()
    begun = time.monotonic()
    print(_about(plan, installing), flush=True)
    sections = []
    for name in arguments.only or TOPICS:
        sections.append(TOPICS[name](plan))
        print(sections[-1].markdown(), flush=True)
    print(goals(sections))
    print(f"Measured in {time.monotonic() - begun:.0f} s.")
    _keep(dict(zip(arguments.only or TOPICS, sections, strict=True)), arguments.json)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few peers and short rounds: within five minutes")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=list(TOPICS), default=[], help=f"some of {', '.join(TOPICS)}")
    parser.add_argument("--no-peers", action="store_true", help="nothing that has to be installed first")
    parser.add_argument("--rounds", type=int, help="how many rounds each server has")
    parser.add_argument("--seconds", type=float, help="how long a round is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    return parser.parse_args()


def _plan(arguments: argparse.Namespace) -> Plan:
    rounds, seconds, names = (3, 0.5, QUICK) if arguments.quick else (5, 2.0, ())
    return Plan(arguments.rounds or rounds, arguments.seconds or seconds, names, not arguments.no_peers)


def _install(plan: Plan) -> str:
    """Make the environments of all peers that take part, and say what is in them."""
    lines, begun = [], time.monotonic()
    wanted = ["mosec", "bentoml"] if plan.names else list(environments.REQUIREMENTS)
    for name in wanted if plan.has_peers else ():
        print(f"preparing {name} ...", file=sys.stderr, flush=True)
        try:
            environments.install(name)
            lines.append(environments.versions(name))
        except environments.NotInstalled as error:
            lines.append(str(error))
    return f"{'; '.join(lines) or 'No peers'} (prepared in {time.monotonic() - begun:.0f} s)"


def _save() -> None:
    """Save bento's services once for all topics."""
    shutil.rmtree(CACHE / "home", ignore_errors=True)
    services = ROOT / "benchmarks" / "services"
    subprocess.run([sys.executable, services / "save.py"], cwd=services, env=environments.variables(), check=True)


def _about(plan: Plan, installing: str) -> str:
    load, cores = os.getloadavg()[0], os.cpu_count()
    return f"""# Benchmarks

Python {platform.python_version()}, {cores} cores, load {load:.1f} before the start; {plan.rounds} rounds of {plan.seconds:g} s,
each server in turn while all others stand still. {installing}.
Every answer is checked: status, and the body that belongs to the row that was sent. What servers print goes nowhere: bento and its peers
write the access logs that they write by default, the bare ASGI function none.
"""


def _keep(sections: Mapping[str, Section], file: Path | None) -> None:
    """Keep the picture, and the figures if a file for them is named."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    if "logistic" in sections:
        lines = {name: _rates(found) for name, found in sections["logistic"].figures.items()}
        (RESULTS / "throughput.svg").write_text(draw("Requests per second, LogisticRegression, one row as JSON", lines))
    if file is not None:
        found = {
            name: {"figures": section.figures, "goals": [vars(goal) for goal in section.goals], "absent": dict(section.absent)}
            for name, section in sections.items()
        }
        file.write_text(json.dumps(found, indent=2) + "\n")


def _rates(found: object) -> dict[str, float]:
    rates: Sequence[tuple[str, dict[str, float]]] = list(found.items()) if isinstance(found, dict) else []
    return {number: figures["rate"] for number, figures in rates if figures["rate"]}


if __name__ == "__main__":
    main()

"""Packages: whether a bundle's requirements, from package indexes and from conda, are installed here, and in which versions."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...env.conda import Conda, admits
from ..manifest.paths import ENVIRONMENT
from ..requirements.closure import asks_of, deeper
from .finding import Finding

if TYPE_CHECKING:
    from ..installed.environment import Environment
    from ..manifest.entries import CondaEntry
    from ..requirements.asks import Ask
    from .finding import Result

_COMPARED_AS_SUCH = ("python", "pip")


def packages(requirements: Sequence[str], environment: Environment) -> Iterator[Finding]:
    """Each requirement of a bundle; of the indirect requirements, only those that do not fit."""
    asks = asks_of(requirements)
    for each in asks:
        yield _compare(each, environment)
    for each in deeper(asks, environment):
        finding = _compare(each, environment)
        if finding.result != "ok":
            yield finding


def _compare(each: Ask, environment: Environment) -> Finding:
    installed = environment.distributions.get(each.name)
    wanted = str(each.requirement.specifier).removeprefix("==") or "any"
    wanted = f"{wanted}, for {each.by}" if each.by else wanted
    if installed is None:
        return Finding("package", each.name, wanted, "none", "missing")
    fits = each.requirement.specifier.contains(installed.version, prereleases=True)
    return Finding("package", each.name, wanted, installed.version, "ok" if fits else "differs")


def conda_packages(wanted: CondaEntry) -> Iterator[Finding]:
    """Whether the conda environment of this Python, if there is one, has what the bundle's lists; Python and pip are left out here."""
    conda = Conda(wanted.dependencies, wanted.channels)
    records = Path(sys.prefix, "conda-meta")
    if not records.is_dir():
        advice = f"make one with `micromamba create --name NAME --file {ENVIRONMENT}`, a file of the bundle, if it is needed here"
        yield Finding("conda", "", ", ".join(wanted.dependencies), "no conda environment", "unknown", advice)
        return
    installed = {name: version for name, version, _ in (file.stem.rsplit("-", 2) for file in records.glob("*-*-*.json"))}
    for name in conda.names():
        if name not in _COMPARED_AS_SUCH:
            asked, here = conda.wanted(name) or "", installed.get(name)
            result: Result = "missing" if here is None else "ok" if admits(asked, here) else "differs"
            yield Finding("conda", name, asked or "any", here or "none", result)

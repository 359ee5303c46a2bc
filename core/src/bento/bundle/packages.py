"""Packages: whether what a bundle requires, and what that requires in turn, is installed here, and in which version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .finding import Finding
from .local import requires
from .requirements import Ask, ask

if TYPE_CHECKING:
    from .installed import Environment, Installed


def packages(requirements: Sequence[str], environment: Environment) -> Iterator[Finding]:
    """Each requirement of a bundle; and, of what those require in turn, what does not fit."""
    asks = _asks(requirements)
    for each in asks:
        yield _compare(each, environment)
    for each in _deeper(asks, environment):
        finding = _compare(each, environment)
        if finding.result != "ok":
            yield finding


def closure(requirements: Sequence[str], environment: Environment) -> list[Installed]:
    """The distributions installed here that a bundle would use."""
    asks = _asks(requirements)
    names = dict.fromkeys(each.name for each in (*asks, *_deeper(asks, environment)))
    return [environment.distributions[name] for name in names if name in environment.distributions]


def _asks(requirements: Sequence[str]) -> list[Ask]:
    return [each for each in (ask(text, "") for text in requirements) if each.applies]


def _deeper(asks: Sequence[Ask], environment: Environment) -> Iterator[Ask]:
    """Everything that is asked for by what is asked for."""
    seen: set[tuple[str, frozenset[str]]] = set()
    pending = list(asks)
    while pending:
        each = pending.pop(0)
        key, installed = (each.name, frozenset(each.requirement.extras)), environment.distributions.get(each.name)
        if installed is None or key in seen:
            continue
        seen.add(key)
        for requirement in requires(installed, each.requirement.extras):
            deeper = Ask(requirement, str(installed))
            pending.append(deeper)
            yield deeper


def _compare(each: Ask, environment: Environment) -> Finding:
    installed = environment.distributions.get(each.name)
    wanted = str(each.requirement.specifier).removeprefix("==") or "any"
    wanted = f"{wanted}, for {each.by}" if each.by else wanted
    if installed is None:
        return Finding("package", each.name, wanted, "none", "missing")
    fits = each.requirement.specifier.contains(installed.version, prereleases=True)
    return Finding("package", each.name, wanted, installed.version, "ok" if fits else "differs")

"""The closure: what a bundle requires, and what that requires in turn, as it is installed here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from .asks import Ask, ask

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from ..installed.environment import Environment, Installed


def asks_of(requirements: Iterable[str]) -> list[Ask]:
    """The requirements whose markers hold here; the others are for other platforms."""
    return [each for each in (ask(text, "") for text in requirements) if each.applies]


def deeper(asks: Sequence[Ask], environment: Environment) -> Iterator[Ask]:
    """What the distributions that are asked for require in turn, as they are installed here."""
    seen = set[tuple[str, frozenset[str]]]()
    pending = list(asks)
    while pending:
        each = pending.pop(0)
        installed = environment.distributions.get(each.name)
        if installed is None or _key(each) in seen:
            continue
        seen.add(_key(each))
        for requirement in _requires(installed, each.requirement.extras):
            further = Ask(requirement, str(installed))
            pending.append(further)
            yield further


def closure(requirements: Iterable[str], environment: Environment) -> list[Installed]:
    """The distributions installed here that a bundle would use."""
    asks = asks_of(requirements)
    names = dict.fromkeys(each.name for each in (*asks, *deeper(asks, environment)))
    return [environment.distributions[name] for name in names if name in environment.distributions]


def local_asks(asks: Iterable[Ask], environment: Environment) -> list[Ask]:
    """The asks for local distributions, which no package index has, among `asks` themselves and in what those require in turn."""
    here = [each for each in asks if each.applies]
    found = dict[tuple[str, frozenset[str]], Ask]()
    for each in (*here, *deeper(here, environment)):
        installed = environment.distributions.get(each.name)
        if installed is not None and installed.is_local:
            found.setdefault(_key(each), each)
    return list(found.values())


def _key(each: Ask) -> tuple[str, frozenset[str]]:
    return each.name, frozenset(each.requirement.extras)


def _requires(installed: Installed, extras: Iterable[str]) -> Iterator[Requirement]:
    """What an installed distribution, with these extras, requires here; the markers are already evaluated and left out."""
    from packaging.requirements import Requirement

    for text in installed.distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            requirement.marker = None
            yield requirement

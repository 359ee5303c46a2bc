"""Local distributions: those among everything a bundle requires that no package index has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .requirements import Ask

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from .installed import Environment, Installed


def local_asks(asks: Iterable[Ask], environment: Environment) -> list[Ask]:
    """The asks for local distributions, among `asks` themselves and in what those require in turn."""
    seen: set[tuple[str, frozenset[str]]] = set()
    pending, found = list(asks), []
    while pending:
        each = pending.pop(0)
        installed = environment.distributions.get(each.name)
        key = (each.name, frozenset(each.requirement.extras))
        if installed is None or key in seen or not each.applies:
            continue
        seen.add(key)
        if installed.is_local:
            found.append(each)
        pending += [Ask(requirement, str(installed)) for requirement in requires(installed, each.requirement.extras)]
    return found


def requires(installed: Installed, extras: Iterable[str]) -> Iterator[Requirement]:
    """What an installed distribution, with these extras, requires here: without markers, which are decided."""
    from packaging.requirements import Requirement

    for text in installed.distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            requirement.marker = None
            yield requirement

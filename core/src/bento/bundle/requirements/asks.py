"""Requirements: everything a bundle needs from a package index, pinned to what is installed here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from ...errors import RequirementError
from ..source.project import project_file
from .requirements_txt import read_requirements

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from ...env import Env
    from ..installed.environment import Environment, Installed
    from ..source.home import Home


@dataclass(frozen=True, slots=True)
class Ask:
    """A requirement and `by` whom: `iris.py:3`, `Env(python=...)`, `requirements.txt:4`, `artifact 'sklearn'`."""

    requirement: Requirement
    by: str

    @property
    def name(self) -> str:
        from packaging.utils import canonicalize_name

        return canonicalize_name(self.requirement.name)

    @property
    def applies(self) -> bool:
        """Whether its marker, if it has one, holds here."""
        return self.requirement.marker is None or self.requirement.marker.evaluate()

    @property
    def is_pinned(self) -> bool:
        return any(specifier.operator in ("==", "===") and "*" not in specifier.version for specifier in self.requirement.specifier)


def ask(text: str, by: str) -> Ask:
    """An Ask from a requirement's text; a text that is not a requirement is a RequirementError."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Ask(Requirement(text), by)
    except InvalidRequirement as error:
        raise RequirementError(f"{by} asks for {text!r}, which is not a requirement: expected one like 'scikit-learn>=1.5'") from error


def env_asks(env: Env, home: Home) -> Iterator[Ask]:
    """What an Env asks for in `python` and in the file `requirements_txt`."""
    for text in env.python:
        yield ask(text, "Env(python=...)")
    if env.requirements_txt is not None:
        file = project_file(home, "requirements_txt", env.requirements_txt)
        for text, place in read_requirements(file, str(env.requirements_txt)):
            yield ask(text, place)


def pin(asks: Iterable[Ask], environment: Environment) -> list[str]:
    """One requirement for each distribution asked for, sorted, `name[extras]==version; marker`.

    If an ask does not allow the installed version, it is a RequirementError that names who asks and what is installed. If a distribution is
    not installed, whoever asks for it has to pin it. The local part of a version, such as `+cpu`, is left out, because package indexes do
    not have it, unless an ask names one or the bundle has the wheel.
    """
    by_name = groupby(sorted(asks, key=attrgetter("name")), attrgetter("name"))
    return [_pin(name, list(group), environment.distributions.get(name)) for name, group in by_name]


def _pin(name: str, asks: Sequence[Ask], installed: Installed | None) -> str:
    if installed is None:
        return _as_written(name, asks)
    version = installed.version if installed.is_local or any(map(_is_local_version, asks)) else _public(installed)
    for each in asks:
        if each.applies and not each.requirement.specifier.contains(installed.version, prereleases=True):
            users = " and ".join(sorted({other.by for other in asks if other.by != each.by}))
            raise RequirementError(
                f"{each.by} asks for {str(each.requirement)!r}, but {installed} is installed{users and f', which {users} needs'}: "
                f"install one that fits, or ask for {name}=={version}"
            )
    return f"{name}{_extras(asks)}=={version}{_marker(asks)}"


def _as_written(name: str, asks: Sequence[Ask]) -> str:
    for each in asks:
        if not each.is_pinned:
            raise RequirementError(
                f"{each.by} asks for {str(each.requirement)!r}, which is not installed: install it, or write the version, as in {name}==1.0"
            )
        if each.requirement.specifier != asks[0].requirement.specifier:
            raise RequirementError(
                f"{asks[0].by} asks for {str(asks[0].requirement)!r} and {each.by} for {str(each.requirement)!r}: ask for one version"
            )
    return f"{name}{_extras(asks)}{asks[0].requirement.specifier}{_marker(asks)}"


def _extras(asks: Sequence[Ask]) -> str:
    extras = sorted({extra for each in asks for extra in each.requirement.extras})
    return f"[{','.join(extras)}]" if extras else ""


def _marker(asks: Sequence[Ask]) -> str:
    """The combined marker, which holds if the marker of any ask holds; empty if an ask has none."""
    markers = sorted({str(each.requirement.marker or "") for each in asks})
    if markers[0] == "":
        return ""
    return f"; {markers[0]}" if len(markers) == 1 else "; " + " or ".join(f"({marker})" for marker in markers)


def _is_local_version(each: Ask) -> bool:
    return any("+" in specifier.version for specifier in each.requirement.specifier)


def _public(installed: Installed) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(installed.version).public
    except InvalidVersion as error:
        raise RequirementError(f"{installed} is installed, a version that no requirement can name: install another one") from error

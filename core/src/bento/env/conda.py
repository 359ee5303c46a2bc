"""Conda environments: what `Env(conda=...)` may name, in the form in which a bundle keeps it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import DefinitionError

LONGEST = 256
_DEFAULT_CHANNELS = ("conda-forge",)

# Source: the conda documentation, "Managing channels" and "Package match specifications". No user, password or token is part of a channel.
_WORD = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_CHANNEL = rf"(https://[A-Za-z0-9.-]+(:[0-9]{{1,5}})?/)?{_WORD}(/{_WORD})*"
_VERSION = r"[0-9A-Za-z][0-9A-Za-z.*+!_]*"
_RELATIONS = ("==", "!=", ">=", "<=", "~=", "=", ">", "<")
_RELATION = f"(?:{'|'.join(_RELATIONS)})"
_VERSIONS = rf"{_RELATION} ?{_VERSION}(?:[,|]{_RELATION}?{_VERSION})*"
_SPEC = re.compile(
    rf"(?:(?P<channel>{_CHANNEL})::)?(?P<name>[a-z0-9_][a-z0-9_.-]*)"
    rf"(?: ?(?P<versions>{_VERSIONS}| (?<= ){_VERSION})(?P<build>[= ][A-Za-z0-9_.*]+)?)?"
)
_IS_CHANNEL = re.compile(_CHANNEL)
_TOKEN = re.compile(r"(^|/)t/")


@dataclass(frozen=True, slots=True)
class Conda:
    """A conda environment: `dependencies`, such as `gdal=3.9`, from `channels`; packages that pip adds are among the requirements."""

    dependencies: tuple[str, ...]
    channels: tuple[str, ...] = _DEFAULT_CHANNELS

    def __post_init__(self) -> None:
        for channel in self.channels:
            if not _IS_CHANNEL.fullmatch(channel) or _TOKEN.search(channel) or len(channel) > LONGEST:
                raise DefinitionError(f"Env(conda=...): {channel!r} is not a channel: expected one like 'conda-forge', without a token")
        for spec in self.dependencies:
            _parse(spec)

    def wanted(self, name: str) -> str | None:
        """The versions of a package that are asked for: "" for any, None if the package is not named."""
        for spec in self.dependencies:
            match = _parse(spec)
            if match["name"] == name:
                versions = (match["versions"] or "").strip()
                return re.sub(r"^=(?!=)", "==", versions) if match["build"] else versions  # a spec with a build means exactly one version
        return None

    def with_default(self, name: str, spec: str) -> Conda:
        """The same environment with `spec` added, unless a package of this name is there already."""
        return self if self.wanted(name) is not None else Conda((*self.dependencies, spec), self.channels)

    def names(self) -> list[str]:
        """The names of the packages."""
        return [_parse(spec)["name"] for spec in self.dependencies]

    def text(self) -> str:
        """The text of `environment.yml`; each value is a JSON string, which YAML reads as well."""
        lists = {"channels": self.channels, "dependencies": self.dependencies}
        lines = (line for name, values in lists.items() for line in (f"{name}:", *(f"  - {json.dumps(value)}" for value in values)))
        return "".join(f"{line}\n" for line in lines)


def read_conda(given: object) -> tuple[Conda, tuple[str, ...]]:
    """An environment from a list of dependencies, or from what is in an `environment.yml`; and the requirements in it that are for pip.

    The environment's name and prefix are dropped. Anything else that cannot be kept is a DefinitionError.
    """
    fields = given if isinstance(given, Mapping) else {"dependencies": given}
    for name in fields:
        if name not in ("channels", "dependencies", "name", "prefix"):
            raise DefinitionError(f"Env(conda=...): expected channels and dependencies, got {name!r}")
    dependencies = _list("dependencies", fields.get("dependencies"))
    specs = _texts("dependencies", [each for each in dependencies if not isinstance(each, Mapping)])
    pip = [text for each in dependencies if isinstance(each, Mapping) for text in _pip(each)]
    channels = fields.get("channels")
    return Conda(specs, _texts("channels", _list("channels", channels)) if channels else _DEFAULT_CHANNELS), tuple(pip)


def admits(wanted: str, version: str) -> bool:
    """Whether the versions that are asked for, such as `>=3.11,<3.13` or `=3.11`, include this one; an empty text includes all."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        alternatives = (
            [SpecifierSet(",".join(map(_specifier, each.split(",")))) for each in wanted.split("|")] if wanted else [SpecifierSet()]
        )
    except InvalidSpecifier as error:
        raise DefinitionError(f"Env(conda=...): {wanted!r} asks for no version: expected one like '=3.11' or '>=3.11,<3.13'") from error
    return any(each.contains(version, prereleases=True) for each in alternatives)


def _specifier(text: str) -> str:
    """A relation of conda's as Python packaging writes it: `=3.11` and `3.11*` mean all versions that begin so."""
    relation = next((each for each in _RELATIONS if text.strip().startswith(each)), "")
    version = text.strip().removeprefix(relation).strip()
    stem = version.rstrip("*").rstrip(".")
    if relation in ("=", "", "==", "!="):
        fuzzy = relation == "=" or version.endswith("*")
        return f"{'!=' if relation == '!=' else '=='}{stem}{'.*' if fuzzy else ''}"
    return f"{relation}{stem}"


def _parse(spec: str) -> re.Match[str]:
    match = _SPEC.fullmatch(spec) if len(spec) <= LONGEST else None
    if match is None or _TOKEN.search(match["channel"] or ""):
        raise DefinitionError(f"Env(conda=...): {spec!r} is not a dependency: expected one like 'gdal', 'gdal=3.9' or 'gdal>=3.8,<4'")
    return match


def _list(field: str, value: object) -> Sequence[object]:
    if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
        raise DefinitionError(f"Env(conda=...): expected {field} as a list of texts, got {value!r}")
    return value


def _texts(field: str, values: Iterable[object]) -> tuple[str, ...]:
    found = []
    for value in values:
        if not isinstance(value, str):
            raise DefinitionError(f"Env(conda=...): expected {field} as a list of texts, got {value!r} in it")
        found.append(value)
    return tuple(found)


def _pip(entry: Mapping[object, object]) -> tuple[str, ...]:
    """The requirements under `- pip:` in an environment; an option of pip is a DefinitionError."""
    if list(entry) != ["pip"]:
        raise DefinitionError(f"Env(conda=...): expected a text or 'pip:' among the dependencies, got {dict(entry)!r}")
    texts = _texts("pip", _list("pip", entry["pip"]))
    for text in texts:
        if text.startswith("-"):
            raise DefinitionError(
                f"Env(conda=...): {text!r} is an option of pip: write a file of requirements as Env(requirements_txt=...)"
            )
    return texts

"""Env: what a service needs, beyond what its code shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DefinitionError

if TYPE_CHECKING:
    from pathlib import Path

# Nearly every service leaves most fields empty, so modules and patterns that check them are imported and compiled only on use.

# Source: Debian Policy Manual, section 5.6.1 and 5.6.12 (package names, versions).
# A trailing '-' would tell apt-get to remove the package.
_APT = r"[a-z0-9][a-z0-9+.-]*[a-z0-9+.](=[A-Za-z0-9.+~:-]+)?"
_PYTHON = r"3\.[0-9]{1,2}(\.[0-9]{1,2})?"
# Source: the OCI distribution specification (repository names, tags and digests), with an optional registry host.
_COMPONENT = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = (
    rf"([A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{{1,5}})?/)?{_COMPONENT}(/{_COMPONENT})*"
    r"(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
# Nearly all requirements of a bundle look like this, so a server need not import a parser to check them. Source: PEP 508 (names), PEP 440.
_PIN = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?==[0-9]+(\.[0-9]+)*(\+[a-z0-9]+(\.[a-z0-9]+)*)?"
_PATH = r"[\w.+][\w.+-]*(/[\w.+][\w.+-]*)*"


@dataclass(frozen=True, slots=True)
class Env:
    """What a service needs: `python` requirements besides those its imports show, `apt` packages, and how an image is built.

    `requirements_txt` and `setup` (a shell script that runs as root when an image is built) are files of the project, relative to the
    service's module. `conda` is an `environment.yml` there, or the contents of such a file: a list of dependencies, or a mapping of
    `channels` and `dependencies`. Python then comes from that environment as well, and pip installs the rest. Every field is checked here,
    once, whatever it is used for later: no value can break out of a line, a quote or a file name. A wrong value is a DefinitionError.
    """

    python: Sequence[str] = ()
    requirements_txt: str | Path | None = None
    apt: Sequence[str] = ()
    python_version: str | None = None
    base_image: str | None = None
    setup: str | Path | None = None
    conda: str | Path | Sequence[str] | Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        for field in ("python", "apt"):
            values = getattr(self, field)
            if isinstance(values, str) or not isinstance(values, Iterable) or not all(isinstance(value, str) for value in values):
                raise DefinitionError(f"expected Env({field}=[...]) with a list of texts, got {values!r}")
            object.__setattr__(self, field, tuple(values))
        for requirement in self.python:
            check_requirement(requirement)
        for package in self.apt:
            _check("apt", package, _APT, "a Debian package like 'libgomp1' or 'libgomp1=12.2.0-14'")
        _check("python_version", self.python_version, _PYTHON, "a version like '3.12'")
        _check("base_image", self.base_image, _IMAGE, "an image like 'python:3.12-slim'")
        _check_path("requirements_txt", self.requirements_txt)
        _check_path("setup", self.setup)
        if self.conda is not None:
            _check_conda(self.conda)


def check_requirement(text: str) -> None:
    """Raise a DefinitionError for a text that is not a requirement on a named distribution."""
    if re.fullmatch(_PIN, text):
        return
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise DefinitionError(f"{text!r} is not a requirement: expected one like 'scikit-learn>=1.5'") from error
    if requirement.url is not None:
        raise DefinitionError(f"{text!r} names a URL: install {requirement.name!r} here, and it is kept in the bundle as a wheel")


def _check(field: str, value: str | None, pattern: str, expected: str) -> None:
    if value is not None and not (isinstance(value, str) and re.fullmatch(pattern, value)):
        raise DefinitionError(f"Env({field}={value!r}): expected {expected}")


def _check_path(field: str, value: str | Path | None) -> None:
    if value is None:
        return
    from pathlib import Path, PurePosixPath

    path = PurePosixPath(value) if isinstance(value, str | Path) else PurePosixPath()
    if not path.name or not re.fullmatch(_PATH, str(path)) or ".." in path.parts:
        raise DefinitionError(
            f"Env({field}={str(value)!r}): expected a file of the project, relative to the service's module, "
            "its path made of letters, digits and '._+-/'"
        )


def _check_conda(value: str | Path | Sequence[str] | Mapping[str, object]) -> None:
    from pathlib import Path

    if isinstance(value, str | Path):
        _check_path("conda", value)
    else:
        from .conda import read_conda

        read_conda(value)

"""The lock of a bundle, `requirements.lock`: every distribution that is installed for it, with its exact version and its hashes.

It is a requirements file that pip and uv can read. It is canonical, so the same lock is always the same bytes: it names no index, no host
and no path, except the folder of the bundle's own wheels.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import PackerError
from .checked import wheels_of
from .contents import file_of, verified
from .requirements import distribution_of, names_of

if TYPE_CHECKING:
    from ..bundle.model import Bundle

LOCK: Final = "requirements.lock"

# Names are normalised; a version may have an epoch and a local part. Source: PyPA, "Version specifiers".
_LOCKED: Final = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==([A-Za-z0-9][A-Za-z0-9.!+_-]*)((?: --hash=sha256:[0-9a-f]{64})+)")
_HASH: Final = " --hash=sha256:"


@dataclass(frozen=True, slots=True)
class Locked:
    """A distribution in a lock. `hashes` are the SHA-256 of the files that may be installed for it."""

    name: str
    version: str
    hashes: tuple[str, ...]

    def __str__(self) -> str:
        return " \\\n   ".join([f"{self.name}=={self.version}", *(f"{_HASH}{digest}" for digest in sorted(set(self.hashes)))])


def lock_text(locked: Iterable[Locked], links: str | None = None) -> str:
    """The text of a lock. `links` is the path of the folder of wheels beside it, if there is one."""
    lines = [f"--find-links {links}"] if links else []
    return "".join(f"{line}\n" for line in (*lines, *map(str, sorted(locked, key=lambda each: each.name))))


def parse_lock(text: str) -> dict[str, Locked]:
    """The distributions in the text of a lock, by name. Any other line is a ValueError."""
    found: dict[str, Locked] = {}
    for line in re.sub(r" \\\n +", " ", text).splitlines():
        if line.startswith("--find-links "):
            continue
        match = _LOCKED.fullmatch(line)
        if match is None or match[1] in found:
            raise ValueError(f"expected a requirement with its hashes, and each once, got {line[:80]!r}")
        found[match[1]] = Locked(match[1], match[2], tuple(match[3].split(_HASH)[1:]))
    return found


def lock_of(bundle: Bundle) -> Mapping[str, Locked]:
    """The lock of a bundle, by the names of distributions; empty if it has none. A malformed or incomplete lock is a PackerError."""
    listed = next((file for file in bundle.manifest.files if file.path == LOCK), None)
    if listed is None:
        return {}
    with verified(file_of(bundle, LOCK), listed.sha256) as file:
        content = file.read()
    try:
        locked = parse_lock(content.decode())
    except ValueError as error:
        raise PackerError(f"cannot pack {bundle.tag}: {LOCK!r} is not a lock: {error}") from error
    _check_complete(bundle, locked)
    return locked


def without(locked: Mapping[str, Locked], names: Container[str]) -> list[Locked]:
    """The distributions in a lock, except those with these names."""
    return [each for name, each in locked.items() if name not in names]


def _check_complete(bundle: Bundle, locked: Mapping[str, Locked]) -> None:
    """Refuse a lock that lacks a distribution which the manifest requires."""
    wheels = map(distribution_of, wheels_of(bundle))
    for name in (*wheels, *names_of(line for line in bundle.manifest.requirements if ";" not in line)):
        if name not in locked:
            raise PackerError(f"cannot pack {bundle.tag}: {LOCK!r} lacks {name!r}, which the bundle requires: save it again")

"""Tags: the `name:version` of a bundle."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import TagError

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

LATEST = "latest"


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """A bundle's name and version; the version `latest` stands for the newest one.

    Both parts are also folder names, so they hold nothing that a path or a shell could interpret.
    """

    name: str
    version: str = LATEST

    def __post_init__(self) -> None:
        if not _is(self.name, _NAME):
            raise TagError(
                f"{self.name!r} is not a bundle name: use 1 to 64 of a-z, 0-9, '.', '_' and '-', "
                f"with a letter or digit at both ends and no '..'{_guess(self.name)}"
            )
        if not _is(self.version, _VERSION):
            raise TagError(
                f"{self.version!r} is not a version: use 1 to 128 of a-z, A-Z, 0-9, '.', '_' and '-', "
                "with a letter or digit at both ends and no '..'"
            )

    @classmethod
    def parse(cls, text: str) -> Tag:
        """Read `name` (its latest version) or `name:version`; anything else is a TagError."""
        name, colon, version = text.partition(":")
        if colon and not version:
            raise TagError(f"{text!r} has no version after the colon: write {name!r} or '{name}:VERSION'")
        return cls(name, version or LATEST)

    @property
    def is_latest(self) -> bool:
        return self.version == LATEST

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"


def name_of_class(name: str) -> str:
    """The default name of a service class's bundles: `IrisClassifier` gives `iris-classifier`."""
    return _WORD_STARTS.sub("-", name).replace("_", "-").strip("-").lower()


def _guess(text: object) -> str:
    """The end of an error message for a user who wrote the name of a class; otherwise empty."""
    meant = name_of_class(text) if isinstance(text, str) and text.isidentifier() else ""
    return f" - did you mean {meant}?" if _is(meant, _NAME) else ""


def _is(part: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(part, str) and pattern.fullmatch(part) is not None and ".." not in part

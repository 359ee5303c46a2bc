"""The framework that saved a model, and a warning when one loads it that may not understand it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from ..errors import ArtifactError
from .files import slot_file
from .json import read_json, write_json

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "version.json"


class VersionWarning(UserWarning):
    """A model is loaded by another version of its framework than the one that saved it."""


def write_version(folder: Path, distribution: str, version: str) -> None:
    """Note the version of the distribution that saves a slot's model."""
    write_json(folder / _FILE, {distribution: version})


def check_version(folder: Path, distribution: str, version: str, *, reads_older: bool = False, stacklevel: int = 1) -> bool:
    """Whether the model is loaded with what `write_version` noted, or with what reads it as well; else there is a VersionWarning.

    `reads_older` says that each version reads what earlier ones wrote, so that only later ones count. The warning points at the
    caller's caller; each `stacklevel` more is one call further up.
    """
    path = slot_file(folder, _FILE)
    match read_json(path):
        case dict(found) if list(found) == [distribution] and isinstance(saved := found[distribution], str):
            pass
        case _:
            raise ArtifactError(f"{str(path)!r} is damaged: expected the version of {distribution}")
    if saved == version or (reads_older and not _is_later(saved, version)):
        return True
    warnings.warn(
        f"the model was saved with {distribution} {saved} and is loaded with {version}, with which it may fail or answer "
        f"otherwise: pip install '{distribution}=={saved}', or save it again",
        VersionWarning,
        stacklevel=stacklevel + 2,
    )
    return False


def _is_later(one: str, other: str) -> bool:
    """Whether a version comes after another; one that is none may."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) > Version(other)
    except InvalidVersion:
        return True

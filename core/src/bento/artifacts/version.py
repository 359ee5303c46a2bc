"""The framework's version that saved a model, and a warning if another version that may not understand it loads it."""

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
    """A model is loaded with another version of its framework than it was saved with."""


def write_version(folder: Path, distribution: str, version: str) -> None:
    """Write the version of `distribution` that saves the model into the slot's folder."""
    write_json(folder / _FILE, {distribution: version})


def check_version(folder: Path, distribution: str, version: str, *, reads_older: bool = False, stacklevel: int = 1) -> bool:
    """Whether `version` can load a model of the version that `write_version` noted; if not, there is a VersionWarning.

    By default only the same version can. With `reads_older`, each version reads the models of earlier ones, so only a model of a later
    version is a reason for a warning. The warning points at the caller's caller; add one to `stacklevel` for each call further up. A
    missing or damaged note is an ArtifactError.
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
        f"the model was saved with {distribution} {saved} and is loaded with {version}, which may fail or give other "
        f"answers: pip install '{distribution}=={saved}', or save it again",
        VersionWarning,
        stacklevel=stacklevel + 2,
    )
    return False


def _is_later(one: str, other: str) -> bool:
    """Whether a version is later than another. True if either is not a valid version, because then it may be."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) > Version(other)
    except InvalidVersion:
        return True

"""Checksums of a slot's files. They are compared before TensorFlow reads a file, because a damaged file can end the process."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bento import ArtifactError
from bento.artifacts import read_json, slot_file, write_json

_FILE = "sums.json"


def write_sums(folder: Path) -> None:
    """Write the checksums of all files in a folder into the folder."""
    write_json(folder / _FILE, dict(_sums(folder)))


def check_sums(folder: Path) -> None:
    """Raise an ArtifactError if the files in a folder do not match its checksums."""
    expected, found = read_json(slot_file(folder, _FILE)), _sums(folder)
    for path in sorted(expected.keys() | found.keys()) if isinstance(expected, dict) else [_FILE]:
        if not isinstance(expected, dict) or expected.get(path) != found.get(path):
            raise ArtifactError(f"{str(folder / path)!r} is damaged: it is not as it was saved")


def _sums(folder: Path) -> dict[str, str]:
    # Compared by path, because an asset of the model may have the same name as the file of checksums.
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / _FILE]
    return {path.relative_to(folder).as_posix(): _sum(path) for path in files}


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Digests of files, read once and in large pieces."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from ...opening import open_file
from ..manifest.entries import File

Progress = Callable[[int], object]
"""Called after each piece with the number of bytes done so far."""

_PIECE: Final = 1 << 20


class Hasher:
    """Hashes one file after another, and counts their bytes for `progress`."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self._done = 0
        self._piece = memoryview(bytearray(_PIECE))

    def hash(self, folder: Path, path: str) -> File:
        """The size and digest of the file at `path` in `folder`, which must be a plain file and no link."""
        with open_file(folder / path) as file:
            size, sha256 = self.read(file)
        return File(path=path, size=size, sha256=sha256)

    def read(self, file: io.FileIO) -> tuple[int, str]:
        """The size and digest of what is left to read of an open file."""
        digest, before = hashlib.sha256(), self._done
        while count := file.readinto(self._piece):
            digest.update(self._piece[:count])
            self.skip(count)
        return self._done - before, digest.hexdigest()

    def skip(self, count: int) -> None:
        """Count bytes as done."""
        self._done += count
        if self._progress is not None:
            self._progress(self._done)


def list_digest(files: Iterable[File]) -> str:
    """The SHA-256, in hex, of the list that `sha256sum` prints for these files."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.sha256}  {file.path}\n".encode())
    return digest.hexdigest()

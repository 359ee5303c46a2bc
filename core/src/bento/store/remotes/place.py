"""Places: where the files of a remote are, and the few operations that a remote needs."""

from __future__ import annotations

import contextlib
import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from ...errors import RemoteError

if TYPE_CHECKING:
    from ...bundle.manifest.entries import File

Tally = Callable[[int], object]
"""Called with the number of bytes that have moved since the last call."""

PIECE: Final = 1 << 20
DRAFTS: Final = ".drafts"
"""The folder in which files are written before they get their names, for places where a file would appear before it is complete."""
WEEK: Final = 7 * 24 * 3600


class Place(ABC):
    """Files by paths joined with `/`; each is complete or not there. Many processes may use a place at once."""

    @abstractmethod
    def size(self, path: str) -> int | None:
        """The size of a file, None if it is not there."""

    @abstractmethod
    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file, in pieces, from `start` on."""

    @abstractmethod
    def write(self, path: str, source: Path, file: File, moved: Tally) -> None:
        """Put a file; if the contents of `source` are not those that `file` describes, put nothing and raise a RemoteError."""

    @abstractmethod
    def create(self, path: str, content: bytes) -> bool:
        """Put a small file; if there is one at that path already, do nothing and return False."""

    @abstractmethod
    def paths(self, folder: str) -> list[str]:
        """The paths of all files below a folder, empty if the folder is not there."""


def checked(pieces: Iterator[bytes], file: File, source: str) -> Iterator[bytes]:
    """The same pieces; after the last one, a RemoteError if together they are not the contents that `file` describes."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if size > file.size:
            break
        yield piece
    if (size, digest.hexdigest()) != (file.size, file.sha256):
        raise RemoteError(f"{source} is not what the manifest says of {file.path!r}")


def check_file(content: IO[bytes], file: File, source: Path) -> None:
    """Read an open file to its end; a RemoteError if its contents are not those that `file` describes."""
    for _ in checked(iter(lambda: content.read(PIECE), b""), file, str(source)):
        pass


def remove_old(folder: Path) -> None:
    """Remove files that nobody has written to for a week: the process that began them is gone."""
    oldest = time.time() - WEEK
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()

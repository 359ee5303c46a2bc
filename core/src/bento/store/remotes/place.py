"""Places: where a remote's files lie, and the few things that a remote does with them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from ...bundle.files.drafts import draft_file
from ...bundle.files.tree import open_file
from ...errors import RemoteError
from ..workspace import sync

if TYPE_CHECKING:
    from ...bundle.manifest.manifest import File

Tally = Callable[[int], object]
"""Is told how many bytes have moved since it was last told."""

PIECE: Final = 1 << 20
_DRAFTS: Final = ".drafts"
WEEK: Final = 7 * 24 * 3600


class Place(ABC):
    """Files by paths joined with `/`; each is there as a whole or is not. Many processes may use a place at once."""

    @abstractmethod
    def size(self, path: str) -> int | None:
        """The size of a file, None if it is not there."""

    @abstractmethod
    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of a file, in pieces, from `start` on."""

    @abstractmethod
    def write(self, path: str, source: Path, file: File, moved: Tally) -> None:
        """Put a file, unless what is read from `source` is not what `file` says."""

    @abstractmethod
    def create(self, path: str, content: bytes) -> bool:
        """Put a small file, unless there is one of that path: then nothing happens, and the answer is False."""

    @abstractmethod
    def paths(self, folder: str) -> list[str]:
        """The paths of all files below a folder, none if it is not there."""


class FolderPlace(Place):
    """A folder of this machine, or one that is mounted here: `file://`."""

    def __init__(self, url: str) -> None:
        self._root = Path(unquote(urlsplit(url).path))

    def size(self, path: str) -> int | None:
        try:
            return (self._root / path).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        with open_file(self._root / path, os.O_RDONLY) as file:
            file.seek(start)
            while piece := file.read(PIECE):
                yield piece

    def write(self, path: str, source: Path, file: File, moved: Tally) -> None:
        def pieces() -> Iterator[bytes]:
            with source.open("rb") as content:
                while piece := content.read(PIECE):
                    moved(len(piece))
                    yield piece

        target = self._root / path
        with self._draft(checked(pieces(), file, str(source))) as draft:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(target)
        sync(target.parent)

    def create(self, path: str, content: bytes) -> bool:
        target = self._root / path
        with self._draft([content]) as draft:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                # A rename would replace what another process has put there meanwhile.
                os.link(draft, target)
            except FileExistsError:
                return False
            except OSError:
                if target.exists():
                    return False
                draft.replace(target)
        sync(target.parent)
        return True

    def paths(self, folder: str) -> list[str]:
        if self._root.exists() and not self._root.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(self._root))
        found = (self._root / folder).rglob("*")
        return [path.relative_to(self._root).as_posix() for path in found if path.is_file()]

    def _draft(self, pieces: Iterable[bytes]) -> contextlib.AbstractContextManager[Path]:
        """A file on the same file system that holds these pieces, and is on the disk."""
        drafts = self._root / _DRAFTS
        drafts.mkdir(parents=True, exist_ok=True)
        remove_old(drafts)
        return draft_file(drafts, pieces)


def checked(pieces: Iterator[bytes], file: File, source: str) -> Iterator[bytes]:
    """The same pieces; after the last one comes a RemoteError if together they are not what `file` says."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if size > file.size:
            break
        yield piece
    if (size, digest.hexdigest()) != (file.size, file.sha256):
        raise RemoteError(f"{source} is not what the manifest says of {file.path!r}")


def remove_old(folder: Path) -> None:
    """Remove what nobody has written to for a week: whoever began it is gone."""
    oldest = time.time() - WEEK
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()

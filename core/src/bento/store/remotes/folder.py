"""Folders on this machine, or mounted here, as places."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ...bundle.files.drafts import draft_file
from ...opening import open_file, sync
from .place import DRAFTS, PIECE, Place, Tally, checked, remove_old

if TYPE_CHECKING:
    from ...bundle.manifest.entries import File


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
        sync(target.parent, os.O_DIRECTORY)

    def create(self, path: str, content: bytes) -> bool:
        target = self._root / path
        with self._draft([content]) as draft:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                # A rename would replace a file that another process has put there meanwhile.
                os.link(draft, target)
            except FileExistsError:
                return False
            except OSError:
                if target.exists():
                    return False
                draft.replace(target)
        sync(target.parent, os.O_DIRECTORY)
        return True

    def paths(self, folder: str) -> list[str]:
        if self._root.exists() and not self._root.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(self._root))
        found = (self._root / folder).rglob("*")
        return [path.relative_to(self._root).as_posix() for path in found if path.is_file()]

    def _draft(self, pieces: Iterable[bytes]) -> contextlib.AbstractContextManager[Path]:
        """A file with these contents on the same file system, synced to the disk."""
        drafts = self._root / DRAFTS
        drafts.mkdir(parents=True, exist_ok=True)
        remove_old(drafts)
        return draft_file(drafts, pieces)

"""Atomic folders: a folder appears complete, and safely on the disk, or not at all."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ...errors import StoreError
from ...opening import sync
from .tree import walk

log = logging.getLogger(__name__)

_DRAFT: Final = ".saving-"
"""The prefix of a folder that is still being written, or was when its process was killed; no bundle's name begins with it."""

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A draft beside `folder`, which is renamed to `folder` when the block ends, and removed if the block raises.

    Files in it get the mode 0644 and folders 0755, whatever the umask. An OSError on the way is a StoreError.
    """
    if os.path.lexists(folder):
        raise _taken(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{_DRAFT}{folder.name}-", dir=folder.parent))
        try:
            yield draft
            _settle(draft)
            _put(draft, folder)
        except BaseException:
            _remove(draft)
            raise
    except OSError as error:
        if error.errno in _FULL:
            raise StoreError(f"no space left for {folder}: {error.strerror}: free some, or choose another place") from error
        raise StoreError(f"cannot write {folder}: {error}") from error


def disk_full(error: BaseException | None) -> OSError | None:
    """The error of a full disk among the causes of this error, or None: libraries may have wrapped it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return error
        error = error.__cause__ or error.__context__
    return None


def _put(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise _taken(folder) from error
        raise
    sync(folder.parent)


def _taken(folder: Path) -> StoreError:
    return StoreError(f"{folder} is there already: choose another name or version, or delete it first")


def _settle(draft: Path) -> None:
    """Set all modes, and sync everything to the disk: files first, then the folders that name them. A link is an OSError."""
    entries = list(walk(draft))
    for entry in entries:
        if not entry.is_symlink():
            Path(entry.path).chmod(0o755 if entry.is_dir() else 0o644)
    draft.chmod(0o755)
    for entry in reversed(entries):
        sync(Path(entry.path))
    sync(draft)


def _remove(draft: Path) -> None:
    """Remove what was written so far; a failure is only logged, because the error that led here is the one to raise."""
    if draft.exists():
        for entry in walk(draft):
            if entry.is_dir(follow_symlinks=False):
                Path(entry.path).chmod(0o700)
        shutil.rmtree(draft, ignore_errors=True)
    if draft.exists():
        log.warning("cannot remove %s, a leftover of a bundle that could not be written", draft)

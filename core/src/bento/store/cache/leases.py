"""Leases: which bundles of the cache are in use, and when each was last asked for.

A lease is a file beside a store's bundles. Each process that uses a bundle holds a shared lock on the lease until the process ends, in
whatever way. So if a lease can be locked exclusively, nobody uses its bundle. The lease's modification time is when the bundle was last
asked for.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...opening import is_at
from ..root import make_folder

if TYPE_CHECKING:
    from ...tag import Tag

log = logging.getLogger(__name__)

_FOLDER: Final = "leases"


def hold(root: Path, tag: Tag) -> None:
    """Keep a bundle in the store at `root` from being pruned for as long as this process, or one that it forks, lives."""
    path = _lease(root, tag)
    try:
        make_folder(path.parent)
        # The process that held the lock before may have pruned the bundle, and removed the lease.
        while path not in _held() or not is_at(_held()[path], path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            _held()[path] = descriptor
        os.utime(path)
    except OSError as error:
        # In a folder that nobody can write to, nobody prunes either.
        log.debug("%s is used without a lease: %s", tag, error)


def last_used(root: Path, tag: Tag, folder: Path) -> float:
    """When a bundle was last asked for, in seconds since 1970; if it never was, when it arrived."""
    with suppress(FileNotFoundError):
        return _lease(root, tag).stat().st_mtime
    return folder.stat().st_mtime


@contextmanager
def unused(root: Path, tag: Tag, folder: Path) -> Iterator[bool]:
    """Whether nobody uses the bundle in a folder. While the block runs, which may remove the bundle, nobody can begin to use it."""
    try:
        path, before = _lease(root, tag), last_used(root, tag, folder)
    except FileNotFoundError:
        yield True  # another process has just removed it
        return
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
        if folder.exists():
            os.utime(path, (before, before))
        else:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


@cache
def _held() -> dict[Path, int]:
    """The leases of this process, open and locked."""
    return {}


def _lease(root: Path, tag: Tag) -> Path:
    # Neither a name nor a version holds two dots.
    return root / _FOLDER / f"{tag.name}..{tag.version}"

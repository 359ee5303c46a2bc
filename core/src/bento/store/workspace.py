"""Workspaces: where a store's bundles are made and unmade, so that every name in the store is a whole bundle.

A workspace is a folder in `<root>/tmp`, on the file system of the bundles, with a lease beside it: a file that its maker keeps
locked. The lock ends with the process, however that dies, so a lease that can be locked marks a leftover, and the next save
removes it. Leases are files, because NFS locks no folders, and lie outside, because NFS keeps a removed file while it is open.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..opening import open_file
from .blobs import collect
from .root import make_folder

log = logging.getLogger(__name__)

_LEASE = ".lease"


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Keep other processes from changing which names a store has; held for renames and removals, never while a bundle is written."""
    make_folder(root)
    with open_file(root / ".lock", os.O_RDWR | os.O_CREAT) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def workspace(root: Path) -> Iterator[Path]:
    """A path for a folder of one's own, gone after the block; what processes that died have left behind is removed on the way.

    The folder itself is not made: deleting moves one there, and has to work on a disk that is too full for another.
    """
    with ExitStack() as stack:
        with locked(root):
            make_folder(root / "tmp")
            if _sweep(root / "tmp"):
                collect(root)
            lease = stack.enter_context(tempfile.NamedTemporaryFile(suffix=_LEASE, dir=root / "tmp", delete=False))
            fcntl.flock(lease, fcntl.LOCK_EX)
        folder = Path(lease.name).with_suffix("")
        stack.callback(_remove, folder)
        yield folder


def _sweep(folder: Path) -> bool:
    """Remove leftovers, and tell whether there were any."""
    found = False
    for path in folder.glob("*" + _LEASE):
        try:
            with path.open("r+b") as lease:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path.with_suffix(""))
                found = True
        except (BlockingIOError, FileNotFoundError):
            continue  # its maker is alive, or has just removed it
        except OSError as error:
            log.warning("cannot look after the leftover %s: %s", path, error)
    return found


def _remove(folder: Path) -> None:
    """Remove a workspace, its lease last; what cannot be removed now is a leftover for the next sweep, and never fails a save."""
    try:
        empty(folder)
        folder.with_suffix(_LEASE).unlink(missing_ok=True)
    except OSError as error:
        log.warning("cannot remove the leftover %s: %s", folder, error)


def empty(folder: Path) -> None:
    """Remove what is in a workspace, and keep its lease; of a link, which somebody has put into the store, only that."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)

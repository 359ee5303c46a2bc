"""Workspaces: where a store's bundles are written and removed, so that every name in the store is a whole bundle.

A workspace is a folder in `<root>/tmp`, on the file system of the bundles, with a lease beside it: a file that its maker keeps locked. The
lock ends with the process, however it ends, so a lease that can be locked marks a leftover, which the next save removes. Leases are files,
because NFS cannot lock folders. They lie outside the folder, because NFS keeps a removed file for as long as it is open.
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
    """A path for a folder of this process, which is removed after the block; leftovers of processes that died are removed first.

    The folder itself is not made: deleting a bundle moves its folder there, and has to work on a full disk.
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
    """Remove leftovers, and return whether there were any."""
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
    """Remove a workspace, its lease last; what cannot be removed now is left for the next sweep, and is not an error."""
    try:
        empty(folder)
        folder.with_suffix(_LEASE).unlink(missing_ok=True)
    except OSError as error:
        log.warning("cannot remove the leftover %s: %s", folder, error)


def empty(folder: Path) -> None:
    """Remove the folder of a workspace, but not its lease; of a link, which somebody has put into the store, only the link itself."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)

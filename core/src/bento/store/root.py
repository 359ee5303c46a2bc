"""Where a store is, and the errors of its disk in a sentence."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import RemoteError, StoreError

_WAYS_OUT = {
    errno.ENOSPC: "free some space on its disk, or set BENTO_HOME to a folder on another one",
    errno.EDQUOT: "free some of your quota, or set BENTO_HOME to a folder on another disk",
    errno.EFBIG: "free some space on its disk, or set BENTO_HOME to a folder on another one",
    errno.ENOTDIR: "set BENTO_HOME to a folder",
    errno.EEXIST: "set BENTO_HOME to a folder",
    errno.ELOOP: "set BENTO_HOME to a folder",
    errno.ENAMETOOLONG: "set BENTO_HOME to a folder with a shorter path",
    errno.EACCES: "set BENTO_HOME to a folder that you may read and write",
    errno.EPERM: "set BENTO_HOME to a folder that you may read and write",
    errno.EROFS: "set BENTO_HOME to a folder that you may write to",
    **dict.fromkeys((errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP), "set BENTO_HOME to a folder on a disk on which files can be locked"),
}

# A note in there may decide whose code runs. The umask usually takes away more, but not on some machines and in some containers.
_MODE = 0o775


def make_folder(folder: Path) -> None:
    """Make a folder of a store, and those above it: whatever the umask, other users of this machine may not write there."""
    try:
        folder.mkdir(_MODE, exist_ok=True)
    except FileNotFoundError:
        make_folder(folder.parent)
        folder.mkdir(_MODE, exist_ok=True)


def default_root() -> Path:
    """`$BENTO_HOME`, or `~/.bento`."""
    place = os.environ.get("BENTO_HOME") or "~/.bento"
    try:
        return Path(place).expanduser().absolute()
    except RuntimeError as error:
        raise StoreError(f"cannot tell whose home folder {place!r} means: set BENTO_HOME to a folder") from error


@contextmanager
def refusing(root: Path, task: str) -> Iterator[None]:
    """Turn an error of the disk into a StoreError that says what was tried, why it failed and what to do."""
    try:
        yield
    except RemoteError:
        raise
    except (OSError, StoreError) as error:
        fault = error.__cause__ if isinstance(error, StoreError) else error
        if not isinstance(fault, OSError):
            raise
        reason = f"{fault.strerror or fault}" + (f": {fault.filename}" if fault.filename else "")
        way_out = _WAYS_OUT.get(fault.errno or 0)
        raise StoreError(f"cannot {task} in the store at {root}: {reason}{f' - {way_out}' if way_out else ''}") from fault

"""Opening plain files, and refusing anything else in their place, such as a pipe."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path


def open_file(path: Path, flags: int = os.O_RDONLY | os.O_NOFOLLOW, mode: int = 0o664) -> io.FileIO:
    """Open a plain file, unbuffered and for reading; a link to one is refused too, unless `flags` say otherwise.

    Anything else is an OSError, without waiting for a pipe or touching a device. A file that is created here cannot be written to by other
    users, whatever the umask, unless `mode` allows it.
    """
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a plain file", str(path))
    return io.FileIO(descriptor, "rb" if flags & os.O_ACCMODE == os.O_RDONLY else "r+b")


def is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is still the one at `path`: another process may have moved or removed it before this one locked it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def sync(path: Path, flags: int = os.O_NOFOLLOW) -> None:
    """Sync a file, or the names in a folder, to the disk, so that they survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems cannot sync folders, such as those that virtual machines share with their hosts. Source: fsync(2), EINVAL.
        if error.errno != errno.EINVAL or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def read_plain(path: Path) -> bytes:
    """The bytes of a plain file, or of one that a link leads to; anything else is an OSError."""
    with open_file(path, os.O_RDONLY) as file:
        return file.read()


def write_plain(path: Path, content: bytes) -> None:
    """Create a plain file with these bytes, or overwrite the one that is there; an OSError if it cannot be written completely."""
    with io.BufferedWriter(open_file(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)) as file:
        file.write(content)

"""Opening plain files, and nothing that somebody has put in the place of one, such as a pipe."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path


def open_file(path: Path, flags: int = os.O_RDONLY | os.O_NOFOLLOW, mode: int = 0o664) -> io.FileIO:
    """Open a plain file, and no link to one, without a buffer; for reading, unless `flags` say otherwise.

    Anything else is an OSError: a pipe is not waited for, and a device is left alone. A file that is made here cannot be written to by
    others, whatever the umask, unless `mode` says so.
    """
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a plain file", str(path))
    return io.FileIO(descriptor, "rb" if flags & os.O_ACCMODE == os.O_RDONLY else "r+b")


def is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file still is the one at `path`: another process may have moved or removed it before it was locked here."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def sync(path: Path, flags: int = os.O_NOFOLLOW) -> None:
    """Wait until the disk has a file, or the names in a folder, so that they survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Of a folder, some file systems cannot promise it, such as those of virtual machines' hosts. Source: fsync(2), EINVAL.
        if error.errno != errno.EINVAL or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def read_plain(path: Path) -> bytes:
    """The bytes of a plain file, or of one that a link leads to; anything else is an OSError."""
    with open_file(path, os.O_RDONLY) as file:
        return file.read()


def write_plain(path: Path, content: bytes) -> None:
    """Make a plain file of these bytes, or write them into the one that is there; one that does not take all of them is an OSError."""
    with io.BufferedWriter(open_file(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)) as file:
        file.write(content)

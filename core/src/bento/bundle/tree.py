"""Folders of plain files: walking them without ever following a link."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import BundleError


def open_file(path: Path) -> io.FileIO:
    """Open a plain file for unbuffered reading; anything else is an OSError or a BundleError, and is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BundleError(f"{path} is no plain file")
    return io.FileIO(descriptor, "rb")


def walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below a folder, a folder before what is in it; links are there, but never followed."""
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))


def relative(entry: os.DirEntry[str], folder: Path) -> str:
    """An entry's path from `folder`, its parts joined by `/`."""
    return os.path.relpath(entry.path, folder)

"""The ledger: records of large files that were verified, each valid until something touches its file.

A record says that the file with this device and inode had this digest when it had this size, modification time and change time. Only the
kernel sets the change time, so a program that changes a file and then restores its modification time is noticed. Small files have no
records, because hashing one takes no longer than looking one up. If a record is lost or damaged, the file is hashed again.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

from ...opening import read_plain, write_plain

SMALL: Final = 1 << 20
"""Files below this size, in bytes, are hashed whenever they are verified."""

_KEPT: Final = 30 * 24 * 3600


class Ledger:
    """Records of verified files, each a file of its own in `folder`; many processes may use it at once.

    A file that has changed in the last `settle` seconds is not recorded: another change in the same tick of the file system's clock
    would leave no trace.
    """

    def __init__(self, folder: Path, *, settle: float = 2.0) -> None:
        self._folder = folder
        self._settle = settle

    def knows(self, digest: str, status: os.stat_result) -> bool:
        """Whether the file with this status was found to have this digest, and has not changed since."""
        return status.st_size >= SMALL and self._read(digest, status) == _stamp(status)

    def note(self, digest: str, descriptor: int, before: os.stat_result) -> None:
        """Record the digest of the file open as `descriptor`, unless it has changed since `before`, or only a moment before that."""
        after = os.fstat(descriptor)
        age = time.time() - max(after.st_mtime, after.st_ctime)
        if after.st_size < SMALL or _stamp(before) != _stamp(after) or age < self._settle:
            return
        # Otherwise a power cut could leave the record without the contents that it describes.
        os.fsync(descriptor)
        self._write(digest, after)

    def relinked(self, digest: str, before: os.stat_result, file: Path) -> None:
        """Renew a file's record after the store has added or removed a link to it, which changes the file's status but not its contents."""
        after = file.stat()
        same = (before.st_ino, before.st_size, before.st_mtime_ns) == (after.st_ino, after.st_size, after.st_mtime_ns)
        if same and self.knows(digest, before):
            self._write(digest, after)

    def forget(self, digest: str, status: os.stat_result) -> None:
        """Remove the record of a file that is gone."""
        self._path(digest, status).unlink(missing_ok=True)

    def prune(self) -> None:
        """Remove the records that are older than a month."""
        oldest = time.time() - _KEPT
        for record in self._folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if record.stat().st_mtime < oldest:
                    record.unlink()

    def _path(self, digest: str, status: os.stat_result) -> Path:
        return self._folder / f"{digest}.{status.st_dev:x}.{status.st_ino:x}"

    def _read(self, digest: str, status: os.stat_result) -> str:
        try:
            return read_plain(self._path(digest, status)).decode("ascii")
        except (OSError, ValueError):
            return ""

    def _write(self, digest: str, status: os.stat_result) -> None:
        path = self._path(digest, status)
        draft = path.with_suffix(f"{path.suffix}.draft")
        # A store that is missing or cannot be written to keeps no records.
        with contextlib.suppress(OSError):
            # Like all folders of a store: whatever the umask, other users cannot write there.
            self._folder.mkdir(0o775, exist_ok=True)
            write_plain(draft, _stamp(status).encode("ascii"))
            draft.replace(path)


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}\n"

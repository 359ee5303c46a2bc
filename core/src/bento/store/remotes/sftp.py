"""Places on SFTP servers, whose files are renamed when they are complete."""

from __future__ import annotations

import contextlib
import posixpath
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ...errors import RemoteError
from .objects import ObjectPlace, size_of
from .patience import settle
from .place import DRAFTS, PIECE, WEEK, Tally


class RenamingPlace(ObjectPlace):
    """A folder on an SFTP server, where a file gets its name when it is complete."""

    def __init__(self, fs: Any, root: str) -> None:
        super().__init__(fs, root)
        self._free = [fs]
        self._looked_after = False

    @contextlib.contextmanager
    def _files(self) -> Iterator[Any]:
        """A channel that no other thread uses meanwhile: paramiko loses answers if two threads wait on one channel."""
        try:
            fs = self._free.pop()
        except IndexError:
            fs = self._another()
        try:
            yield fs
        finally:
            self._free.append(fs)

    def _another(self) -> Any:
        fs = object.__new__(type(self._fs))
        fs.__dict__.update(vars(self._fs), ftp=self._fs.client.open_sftp())
        settle(fs, "sftp")
        return fs

    def _put(self, fs: Any, target: str, source: Path, moved: Tally) -> None:
        with self._draft(fs, target) as draft:
            with source.open("rb") as content, fs.open(draft, "wb") as file:
                while piece := content.read(PIECE):
                    file.write(piece)
                    moved(len(piece))
            fs.mv(draft, target)

    def _put_new(self, fs: Any, target: str, content: bytes) -> None:
        with self._draft(fs, target) as draft:
            with fs.open(draft, "wb") as file:
                file.write(content)
            try:
                # Unlike the POSIX rename, which fsspec uses, this one replaces nothing.
                fs.ftp.rename(draft, target)
            except OSError as error:
                raise error if size_of(fs, target) is None else FileExistsError(target) from error

    @contextlib.contextmanager
    def _draft(self, fs: Any, target: str) -> Iterator[str]:
        """The path of a file to write before it becomes `target`."""
        for folder in (self._at(DRAFTS), posixpath.dirname(target)):
            _make_folder(fs, folder)
        if not self._looked_after:
            self._looked_after = True
            _remove_old(fs, self._at(DRAFTS))
        draft = self._at(f"{DRAFTS}/{secrets.token_hex(16)}")
        try:
            yield draft
        except BaseException:
            with contextlib.suppress(OSError):
                fs.rm_file(draft)
            raise


def _make_folder(fs: Any, folder: str) -> None:
    """Make a folder and those above it, even if others make them at the same time."""
    if fs.exists(folder):
        return
    _make_folder(fs, posixpath.dirname(folder))
    try:
        fs.ftp.mkdir(folder)
    except OSError:
        if not fs.exists(folder):
            raise


def _remove_old(fs: Any, folder: str) -> None:
    """Remove files that nobody has written to for a week."""
    oldest = datetime.now(UTC) - timedelta(seconds=WEEK)
    for entry in fs.ls(folder, detail=True):
        if entry["mtime"] < oldest:
            with contextlib.suppress(FileNotFoundError):
                fs.rm_file(entry["name"])


def known_hosts() -> object:
    """A policy that accepts only known host keys: fsspec would trust any server, and send a password to it."""
    import paramiko

    class Known(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # paramiko has no types
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            known = paramiko.HostKeys()
            for file in ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"):
                with contextlib.suppress(FileNotFoundError):
                    known.load(str(Path(file).expanduser()))
            if not known.check(hostname, key):
                raise RemoteError(
                    f"the key of {hostname} is not in ~/.ssh/known_hosts: connect with ssh once, or add what ssh-keyscan prints for it"
                )

    return Known()

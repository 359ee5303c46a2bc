"""Places that fsspec reaches: object stores, whose files appear as a whole, and SFTP servers, whose files are renamed when they are."""

from __future__ import annotations

import contextlib
import logging
import posixpath
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import RemoteError
from .address import shown
from .place import PIECE, WEEK, Moved, Place, checked

if TYPE_CHECKING:
    from ..bundle.manifest import File

log = logging.getLogger(__name__)

# What fsspec reaches each of them with, as pip knows it.
_NEEDS: Final = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "sftp": "paramiko"}
_READ: Final = 8 * PIECE
_PART: Final = 16 * PIECE
# Listings that were read before are not what is there now.
_OPTIONS: Final = {"use_listings_cache": False}


def cloud_place(url: str) -> Place:
    """The place of a URL; what is not installed is a RemoteError that says what to install."""
    scheme = url.partition("://")[0]
    try:
        from fsspec.core import url_to_fs

        options: dict[str, object] = {"host_key_policy": _known_hosts()} if scheme == "sftp" else {**_OPTIONS}
        fs, root = url_to_fs(url, skip_instance_cache=True, **options)
    except ImportError as error:
        raise RemoteError(f"cannot reach {shown(url)} without {_NEEDS[scheme]}: pip install 'bento-core[{scheme}]'") from error
    return RenamingPlace(fs, root) if scheme == "sftp" else ObjectPlace(fs, root)


class ObjectPlace(Place):
    """A bucket, or a part of one."""

    def __init__(self, fs: Any, root: str) -> None:
        self._fs = fs
        self._root = root.rstrip("/")

    def size(self, path: str) -> int | None:
        with self._files() as fs:
            return _size(fs, self._at(path))

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        with self._files() as fs, fs.open(self._at(path), "rb", block_size=_READ) as file:
            file.seek(start)
            while piece := file.read(_READ):
                yield piece

    def write(self, path: str, source: Path, file: File, moved: Moved) -> None:
        before, target, told = _check(source, file), self._at(path), 0

        def tell(size: int) -> None:
            nonlocal told
            told += size
            moved(size)

        with self._files() as fs:
            try:
                self._put(fs, target, source, tell)
            except OSError:
                self._check_bucket(fs)
                raise
            # Not every library tells of every byte.
            moved(file.size - told)
            size = _size(fs, target)
            if size != file.size or _stamp(source) != before:
                fs.rm_file(target)
                raise RemoteError(f"{source} changed while it was sent, or did not arrive: {size} of {file.size} bytes are there")

    def create(self, path: str, content: bytes) -> bool:
        with self._files() as fs:
            try:
                self._put_new(fs, self._at(path), content)
            except FileExistsError:
                return False
        return True

    def paths(self, folder: str) -> list[str]:
        with self._files() as fs:
            try:
                found = [path[len(self._root) + 1 :] for path in fs.find(self._at(folder))]
            except FileNotFoundError:
                found = []
            if not found:
                self._check_bucket(fs)
            return found

    @contextlib.contextmanager
    def _files(self) -> Iterator[Any]:
        """A file system of fsspec's for one thread."""
        yield self._fs

    def _check_bucket(self, fs: Any) -> None:
        """Tell of a bucket that is not there: to a library it is as good as an empty one, or has no name."""
        bucket = self._root.partition("/")[0]
        try:
            if bucket:
                fs.info(bucket)
        except FileNotFoundError:
            raise FileNotFoundError(f"{'container' if 'az' in fs.protocol else 'bucket'} {bucket!r}") from None
        except Exception as error:  # noqa: BLE001
            # Who may use a bucket may not always ask for it.
            log.debug("cannot tell whether there is a bucket %r: %s", bucket, error)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _put(self, fs: Any, target: str, source: Path, moved: Moved) -> None:
        # Or files of a hundred megabytes are held in memory, each of several at once.
        parts = {"chunksize": _PART} if {"s3", "gs"} & set(fs.protocol) else {}
        fs.put_file(str(source), target, callback=_callback(moved), **parts)

    def _put_new(self, fs: Any, target: str, content: bytes) -> None:
        """Write a file that is not there, else raise a FileExistsError."""
        try:
            fs.pipe_file(target, content, mode="create")
        except OSError as error:
            # Not every server says which condition of a request did not hold, or that of two at once another one was quicker.
            raise error if _size(fs, target) is None else FileExistsError(target) from error


class RenamingPlace(ObjectPlace):
    """A folder on an SFTP server, where a file gets its name when all of it is there."""

    def __init__(self, fs: Any, root: str) -> None:
        super().__init__(fs, root)
        self._free = [fs]
        self._looked_after = False

    @contextlib.contextmanager
    def _files(self) -> Iterator[Any]:
        """A channel that no other thread uses meanwhile: paramiko loses answers where two threads wait on one."""
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
        return fs

    def _put(self, fs: Any, target: str, source: Path, moved: Moved) -> None:
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
                # Unlike the rename of POSIX, which fsspec uses, this one replaces nothing.
                fs.ftp.rename(draft, target)
            except OSError as error:
                raise error if _size(fs, target) is None else FileExistsError(target) from error

    @contextlib.contextmanager
    def _draft(self, fs: Any, target: str) -> Iterator[str]:
        """The path of a file to write before it becomes `target`."""
        for folder in (self._at(".drafts"), posixpath.dirname(target)):
            _make_folder(fs, folder)
        if not self._looked_after:
            self._looked_after = True
            _remove_old(fs, self._at(".drafts"))
        draft = self._at(f".drafts/{secrets.token_hex(16)}")
        try:
            yield draft
        except BaseException:
            with contextlib.suppress(OSError):
                fs.rm_file(draft)
            raise


def _size(fs: Any, path: str) -> int | None:
    try:
        return int(fs.info(path)["size"])
    except FileNotFoundError:
        return None


def _make_folder(fs: Any, folder: str) -> None:
    """Make a folder and those above it, whoever makes them at the same time."""
    if fs.exists(folder):
        return
    _make_folder(fs, posixpath.dirname(folder))
    try:
        fs.ftp.mkdir(folder)
    except OSError:
        if not fs.exists(folder):
            raise


def _remove_old(fs: Any, folder: str) -> None:
    """Remove what nobody has written to for a week."""
    oldest = datetime.now(UTC) - timedelta(seconds=WEEK)
    for entry in fs.ls(folder, detail=True):
        if entry["mtime"] < oldest:
            with contextlib.suppress(FileNotFoundError):
                fs.rm_file(entry["name"])


def _check(source: Path, file: File) -> tuple[int, ...]:
    """Compare a file with what the manifest says, and tell what would show that it has changed since."""
    before = _stamp(source)
    with source.open("rb") as content:
        for _ in checked(iter(lambda: content.read(PIECE), b""), file, str(source)):
            pass
    return before


def _stamp(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _callback(moved: Moved) -> Any:
    from fsspec.callbacks import Callback

    class Telling(Callback):  # type: ignore[misc]  # fsspec has no types
        def relative_update(self, inc: int = 1) -> None:
            moved(inc)

    return Telling()


def _known_hosts() -> object:
    """Who a server may be: fsspec would believe any, and send a password to it."""
    import paramiko

    class Known(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]  # paramiko has no types
        def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
            known = paramiko.HostKeys()
            for file in ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"):
                with contextlib.suppress(FileNotFoundError):
                    known.load(str(Path(file).expanduser()))
            if not known.check(hostname, key):
                raise RemoteError(
                    f"the key of {hostname} is not in ~/.ssh/known_hosts: connect with ssh once, or add what ssh-keyscan tells of it"
                )

    return Known()

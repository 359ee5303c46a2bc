"""Places in object stores, whose files appear only when they are complete."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...errors import RemoteError
from . import patience
from .place import PIECE, Place, Tally, check_file

if TYPE_CHECKING:
    from ...bundle.manifest.entries import File

log = logging.getLogger(__name__)

_READ: Final = 8 * PIECE
_PART: Final = 16 * PIECE


class ObjectPlace(Place):
    """A bucket, or a part of one."""

    def __init__(self, fs: Any, root: str) -> None:
        self._fs = fs
        self._root = root.rstrip("/")

    def size(self, path: str) -> int | None:
        with self._files() as fs:
            return size_of(fs, self._at(path))

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        failures = 0
        while True:
            with self._files() as fs, fs.open(self._at(path), "rb", block_size=_READ) as file:
                file.seek(start)
                try:
                    while piece := file.read(_READ):
                        yield piece
                        start += len(piece)
                        failures = 0
                except Exception:
                    # Not every library asks again after an answer that broke off in the middle.
                    failures += 1
                    if failures == patience.ATTEMPTS:
                        raise
                else:
                    return

    def write(self, path: str, source: Path, file: File, moved: Tally) -> None:
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
            # Not every library reports every byte.
            moved(file.size - told)
            size = size_of(fs, target)
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
        """A file system of fsspec for one thread."""
        yield self._fs

    def _check_bucket(self, fs: Any) -> None:
        """Raise a FileNotFoundError if the bucket is missing: libraries treat it like an empty one, or do not name it."""
        bucket = self._root.partition("/")[0]
        try:
            if bucket:
                fs.info(bucket)
        except FileNotFoundError:
            raise FileNotFoundError(f"{'container' if 'az' in fs.protocol else 'bucket'} {bucket!r}") from None
        except Exception as error:  # noqa: BLE001
            # Permission to use a bucket does not always include permission to look it up.
            log.debug("cannot tell whether there is a bucket %r: %s", bucket, error)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _put(self, fs: Any, target: str, source: Path, moved: Tally) -> None:
        # Without this, up to a hundred megabytes of each file would be held in memory, for several files at once.
        parts = {"chunksize": _PART} if {"s3", "gs"} & set(fs.protocol) else {}
        fs.put_file(str(source), target, callback=_callback(moved), **parts)

    def _put_new(self, fs: Any, target: str, content: bytes) -> None:
        """Write a new file; a FileExistsError if it is there already."""
        try:
            fs.pipe_file(target, content, mode="create")
        except OSError as error:
            # Not every server says that the file exists, or that another request was faster.
            raise error if size_of(fs, target) is None else FileExistsError(target) from error


def size_of(fs: Any, path: str) -> int | None:
    """The size of a file, None if it is not there."""
    try:
        return int(fs.info(path)["size"])
    except FileNotFoundError:
        return None


def _check(source: Path, file: File) -> tuple[int, ...]:
    """Compare a file with its entry in the manifest, and return a stamp that shows later whether it has changed."""
    before = _stamp(source)
    with source.open("rb") as content:
        check_file(content, file, source)
    return before


def _stamp(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _callback(moved: Tally) -> Any:
    from fsspec.callbacks import Callback

    class Telling(Callback):  # type: ignore[misc]  # fsspec has no types
        def relative_update(self, inc: int = 1) -> None:
            moved(inc)

    return Telling()

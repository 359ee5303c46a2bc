"""Contents that are still arriving: what arrived before an interruption is kept for a week, and is not fetched again."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from ...bundle.files.room import check_room
from ...errors import RemoteError
from ...opening import is_at
from ..root import make_folder
from .place import PIECE, Tally, remove_old

if TYPE_CHECKING:
    from hashlib import _Hash

    from ...bundle.manifest.entries import File
    from .remote import Remote

_FOLDER: Final = "partial"


def size_of_partial(root: Path, digest: str) -> int:
    """How many bytes of a content have arrived."""
    try:
        return (root / _FOLDER / digest).stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def partial(root: Path, digest: str) -> Iterator[tuple[Path, IO[bytes]]]:
    """The file with what has arrived so far of a content, for one process at a time."""
    folder = root / _FOLDER
    make_folder(folder)
    remove_old(folder)
    path = folder / digest
    while True:
        with path.open("a+b") as part:
            fcntl.flock(part, fcntl.LOCK_EX)
            # The process that held the lock before may have completed the file, and moved it away.
            if is_at(part.fileno(), path):
                yield path, part
                return


def complete(part: IO[bytes], file: File, remote: Remote, moved: Tally) -> int:
    """Fetch the rest of a content, and return its size in bytes; if the whole does not fit the manifest, fetch all of it again."""
    digest, before = _so_far(part, file)
    moved(before)
    done = before + _append(part, remote.read(file, before) if before < file.size else (), file.size - before, digest, moved)
    part.flush()
    if (done, digest.hexdigest()) == (file.size, file.sha256):
        return file.size - before
    part.truncate(0)
    moved(-min(done, file.size))
    if not before:
        raise RemoteError(f"the content of {file.path!r} at {remote} is damaged: it has to be pushed again from a store that has it intact")
    return complete(part, file, remote, moved)


def _so_far(part: IO[bytes], file: File) -> tuple[_Hash, int]:
    """The SHA-256 and the size of what has arrived; if that is more than the whole file, it is thrown away."""
    part.seek(0)
    digest, size = hashlib.sha256(), 0
    while piece := part.read(PIECE):
        digest.update(piece)
        size += len(piece)
    if size <= file.size:
        return digest, size
    part.truncate(0)
    return hashlib.sha256(), 0


def _append(part: IO[bytes], pieces: Iterable[bytes], most: int, digest: _Hash, moved: Tally) -> int:
    """Write the pieces, and return their size; writing stops before it exceeds `most` bytes."""
    size = 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if size > most:
            break
        check_room(Path(part.name), len(piece))
        part.write(piece)
        moved(len(piece))
    return size

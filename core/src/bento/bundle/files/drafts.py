"""Files that appear complete: they are on the disk before they get their names, and removed if they cannot be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def draft_file(folder: Path, pieces: Iterable[bytes], *, prefix: str = "") -> Iterator[Path]:
    """A file in `folder` with these contents, which the block renames or links to its place; a draft that is left over is removed.

    It has the mode 0644, whatever the umask.
    """
    descriptor, name = tempfile.mkstemp(prefix=prefix, dir=folder)
    draft = Path(name)
    fill(draft, descriptor, pieces, 0o644)
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def fill(file: Path, descriptor: int, pieces: Iterable[bytes], mode: int) -> None:
    """Write a new file, which is open as `descriptor`, and sync it to the disk; if that fails, remove it."""
    try:
        with open(descriptor, "wb") as target:
            os.fchmod(descriptor, mode)
            target.writelines(pieces)
            target.flush()
            os.fsync(descriptor)
    except BaseException:
        file.unlink(missing_ok=True)
        raise

"""Files that are there as a whole: on the disk before they have their name, and gone if they cannot be written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def draft_file(folder: Path, pieces: Iterable[bytes], *, prefix: str = "") -> Iterator[Path]:
    """A file in `folder` that holds these pieces, to be renamed or linked to its place in the block, after which the draft is gone.

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
    """Write the file that was just made, and is open as `descriptor`, until the disk has it; one that cannot be written is removed."""
    try:
        with open(descriptor, "wb") as target:
            os.fchmod(descriptor, mode)
            target.writelines(pieces)
            target.flush()
            os.fsync(descriptor)
    except BaseException:
        file.unlink(missing_ok=True)
        raise

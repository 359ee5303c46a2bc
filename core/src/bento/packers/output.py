"""Output: what a packer writes is whole, or it is not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import PackerError


class TakenError(PackerError):
    """What is at `out` is there already, and somebody else's."""


@contextmanager
def create(out: Path) -> Iterator[Path]:
    """A path beside `out` to write a file or a folder to; it becomes `out` at the end of the block, and is gone when the block raises.

    An `out` that exists, or whose folder does not, is a PackerError, and so is whatever the disk refuses.
    """
    check_free(out)
    try:
        with tempfile.TemporaryDirectory(prefix=".bento-", dir=out.parent) as folder:
            draft = Path(folder) / "out"
            yield draft
            _put(draft, out)
    except OSError as error:
        raise PackerError(f"cannot write {str(out)!r}: {error}") from error


def check_free(out: Path) -> None:
    """Refuse, as a PackerError, an `out` that exists or lies in a folder that does not."""
    if os.path.lexists(out):
        raise _taken(out)
    if not out.parent.is_dir():
        raise PackerError(f"cannot write {str(out)!r}: there is no folder {str(out.parent)!r}, make it first")


def _put(draft: Path, out: Path) -> None:
    """Give the finished draft its name, unless something else has taken that meanwhile."""
    try:
        if not draft.is_dir():
            # Renamed, a file would replace another one; where there are no links, looking first is all there is.
            with suppress(OSError):
                os.link(draft, out)
                return
            check_free(out)
        draft.rename(out)
    except OSError as error:
        if os.path.lexists(out):
            raise _taken(out) from error
        raise


def _taken(out: Path) -> TakenError:
    return TakenError(f"{str(out)!r} exists: choose another name, or remove it first")

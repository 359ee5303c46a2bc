"""Output of a packer: it appears only when it is complete."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import PackerError


class TakenError(PackerError):
    """There already is a file or folder at `out`."""


@contextmanager
def create(out: Path) -> Iterator[Path]:
    """A path beside `out` to write a file or a folder to. At the end of the block it becomes `out`; if the block raises, it is removed.

    A PackerError if `out` exists (a TakenError), if its folder does not exist, or if writing fails with an OSError.
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
    """Raise a PackerError if `out` exists or if its folder does not."""
    if os.path.lexists(out):
        raise _taken(out)
    if not out.parent.is_dir():
        raise PackerError(f"cannot write {str(out)!r}: there is no folder {str(out.parent)!r}, make it first")


def _put(draft: Path, out: Path) -> None:
    """Rename the finished draft to `out`, unless something else has been created there meanwhile."""
    try:
        if not draft.is_dir():
            # Renaming would replace an existing file; linking fails instead. On file systems without links, all we can do is look first.
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

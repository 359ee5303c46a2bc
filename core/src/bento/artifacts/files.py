"""A slot's own files: how every artifact, core's or a plugin's, finds one again."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from ..errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path


def slot_file(folder: Path, name: str) -> Path:
    """The file `name` of a slot's folder; one that is missing, or a link or anything else that is no file, is an ArtifactError."""
    path = folder / name
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise ArtifactError(f"cannot read {str(path)!r}, which the model was saved in: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise ArtifactError(f"{str(path)!r} is no file: expected one that the model was saved in, not a link or a folder")
    return path

"""A slot's own files, which every artifact finds again, and those that users pass in place of a model."""

from __future__ import annotations

import stat
from pathlib import Path

from ..errors import ArtifactError


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


def suffix_of(model: object) -> str:
    """How the name of a file ends, in lower case, such as `.onnx`; empty for what is no path."""
    return Path(model).suffix.lower() if isinstance(model, str | Path) else ""


def has_file(model: object, name: str) -> bool:
    """Whether this is the path of a folder with a file of this name in it."""
    try:
        return isinstance(model, str | Path) and Path(model, name).is_file()
    except OSError:  # of a text that is too long for a path
        return False

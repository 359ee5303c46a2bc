"""The files in a slot's folder, and files or folders that users pass in place of a model."""

from __future__ import annotations

import stat
from pathlib import Path

from ..errors import ArtifactError


def slot_file(folder: Path, name: str) -> Path:
    """The path of the file `name` in a slot's folder. An ArtifactError if it is missing, or is a link or anything else but a plain file."""
    path = folder / name
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise ArtifactError(f"cannot read {str(path)!r}, which the model was saved in: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise ArtifactError(f"{str(path)!r} is not a file: expected one that the model was saved in, not a link or a folder")
    return path


def suffix_of(model: object) -> str:
    """The suffix of a path (a str or a Path) in lower case, such as `.onnx`; empty for any other model."""
    return Path(model).suffix.lower() if isinstance(model, str | Path) else ""


def has_file(model: object, name: str) -> bool:
    """Whether `model` is the path of a folder that contains a file with this name."""
    try:
        return isinstance(model, str | Path) and Path(model, name).is_file()
    except OSError:  # for example, the text is too long for a path
        return False

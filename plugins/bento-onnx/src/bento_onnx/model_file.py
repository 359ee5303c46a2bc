"""A model's files: the `.onnx` file, and those beside it that contain its weights.

The model itself names the files of its weights, so a forged one could make ONNX Runtime read any file of the machine (CVE-2024-27318).
Therefore all names in a model are checked before ONNX Runtime opens it.
"""

from __future__ import annotations

import mmap
import stat
from pathlib import Path, PurePosixPath

from bento import ArtifactError

from .tensors import External, externals, has_graph

MODEL = "model.onnx"
"""The name of the model's own file in a slot's folder."""


def is_model(content: bytes) -> bool:
    """Whether bytes look like a model: a protocol buffer message with a graph."""
    try:
        return has_graph(memoryview(content))
    except ValueError:
        return False


def check_whole(content: bytes) -> None:
    """Refuse bytes that are not a model, or only a part of one."""
    try:
        first = next(externals(memoryview(content)), None)
    except ValueError as error:
        raise ArtifactError(f"expected the bytes of an ONNX model: {error}") from error
    if first is not None:
        raise ArtifactError(
            f"the model keeps {first.tensor!r} in the file {first.location!r}, and does not say in which folder: "
            "pack the path of the model's own file, as Path('model.onnx')"
        )


def weight_files(path: Path) -> dict[PurePosixPath, Path]:
    """The files that hold the weights of the model in `path`, by their paths relative to its folder."""
    found: dict[PurePosixPath, Path] = {}
    try:
        for external in _read(path):
            found |= _weight_file(path, external, found)
    except ValueError as error:
        raise ArtifactError(f"{str(path)!r} is not an ONNX model, or a damaged one: {error}") from error
    return found


def check_file(path: Path) -> None:
    """Refuse a path that is not a plain file."""
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise ArtifactError(f"no file {str(path)!r}: {error.strerror}") from error
    if stat.S_ISLNK(mode):
        raise ArtifactError(f"{str(path)!r} is a link, which could lead anywhere: copy what it leads to in its place, as cp -L does")
    if not stat.S_ISREG(mode):
        raise ArtifactError(f"{str(path)!r} is not a file")


def _read(path: Path) -> list[External]:
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise ValueError("it is empty")
        return list(externals(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))))


def _weight_file(path: Path, external: External, known: dict[PurePosixPath, Path]) -> dict[PurePosixPath, Path]:
    location = PurePosixPath(external.location)
    file = known.get(location) or _beside(path, location, external)
    size = file.stat().st_size
    if external.offset + external.size > size:
        raise ArtifactError(
            f"{str(path)!r} keeps {external.tensor!r} in bytes {external.offset} to {external.offset + external.size} "
            f"of {str(location)!r}, which has {size}"
        )
    return {location: file}


def _beside(path: Path, location: PurePosixPath, external: External) -> Path:
    parts = location.parts
    if location.is_absolute() or ".." in parts or not parts or "\0" in external.location or str(location) in (MODEL, path.name):
        raise ArtifactError(
            f"{str(path)!r} keeps {external.tensor!r} in {external.location!r}: expected another file in the model's folder or below it: "
            "write the model with onnx.save(model, path, save_as_external_data=True)"
        )
    for depth in range(1, len(parts)):
        folder = path.parent.joinpath(*parts[:depth])
        if folder.is_symlink():
            raise ArtifactError(f"{str(folder)!r} is a link, which could lead anywhere: copy what it leads to in its place, as cp -rL does")
    file = path.parent / location
    check_file(file)
    return file

"""Writing a service's models, each into its slot's own folder, and checking that nothing is written elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..artifact import Artifact, type_name
from ..errors import ArtifactError
from .files.atomic import disk_full
from .files.tree import relative, walk
from .manifest.checks import FieldError
from .manifest.fields import file_path
from .manifest.paths import ARTIFACTS

if TYPE_CHECKING:
    from ..service import Service

_Stamps = Mapping[str, tuple[int, int, int]]


def save_models(service: Service, draft: Path) -> None:
    """Have each artifact write its model. An artifact that fails, or writes nothing, a link, or outside its folder, is an ArtifactError."""
    for slot, artifact in service.artifacts.items():
        who = f"{type(service).__name__}.{slot}: {type(artifact).__name__}"
        folder = draft / ARTIFACTS / slot
        folder.mkdir(parents=True)
        before = _stamps(draft, folder)
        _save(artifact, vars(service)[slot], folder, who)
        _check_inside(draft, folder, who)
        _check_outside(before, _stamps(draft, folder), who)


def _save(artifact: Artifact[Any], model: object, folder: Path, who: str) -> None:
    try:
        artifact.save(model, folder)
    except Exception as error:
        full = disk_full(error)
        if full is not None:
            raise OSError(full.errno, full.strerror) from error
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{who} cannot save a {type_name(model)}: {type(error).__name__}: {error}") from error


def _check_inside(draft: Path, folder: Path, who: str) -> None:
    if not folder.is_dir():
        raise ArtifactError(f"{who} removed its own folder")
    entries = list(walk(folder))
    for entry in entries:
        path = relative(entry, draft)
        if not (entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)):
            raise ArtifactError(f"{who} wrote {path!r}, which is a link or a device: expected plain files")
        try:
            file_path(path)
        except FieldError as error:
            raise ArtifactError(f"{who} wrote {path!r}: expected {error.expected}") from error
    if not any(entry.is_file() for entry in entries):
        raise ArtifactError(f"{who} wrote no files")
    _prune(entry.path for entry in reversed(entries) if entry.is_dir())


def _prune(folders: Iterable[str]) -> None:
    """Remove empty folders: manifests and archives list only files."""
    for folder in map(Path, folders):
        if not any(folder.iterdir()):
            folder.rmdir()


def _check_outside(before: _Stamps, after: _Stamps, who: str) -> None:
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            raise ArtifactError(f"{who} changed {path!r}, outside its own folder")


def _stamps(draft: Path, folder: Path) -> _Stamps:
    """The inode, size and modification time of each file or link outside a slot's folder: they change if it is touched."""
    found = {}
    for entry in walk(draft, lambda entry: Path(entry.path) == folder):
        status = entry.stat(follow_symlinks=False)
        if not entry.is_dir(follow_symlinks=False):
            found[relative(entry, draft)] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found

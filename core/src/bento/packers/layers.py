"""Layers of an image, written so that the same files give the same bytes, and the store of blobs that an image layout is.

A layer is a plain tar: its digest is that of its contents, where that of a compressed one depends on the build of zlib.
Source: the OCI image format specification, layer.md and image-layout.md.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from .contents import verified

LAYER = "application/vnd.oci.image.layer.v1.tar"

_FILE, _FOLDER = 0o644, 0o755
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Blob:
    """What a descriptor says of a blob: its type, its digest as `sha256:...`, its size in bytes."""

    media_type: str
    digest: str
    size: int

    def descriptor(self, **more: object) -> dict[str, Any]:
        """The descriptor as a JSON object."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size, **more}


class Blobs:
    """The blobs of a layout that is being written, each in a file named by its digest."""

    def __init__(self, layout: Path) -> None:
        self._folder = layout / "blobs" / "sha256"
        self._folder.mkdir(parents=True)

    def add(self, media_type: str, source: IO[bytes]) -> Blob:
        """Keep what is read."""
        with self._new() as (target, digest):
            while piece := source.read(_PIECE):
                target.write(piece)
        return self._named(media_type, digest.hexdigest())

    def add_json(self, media_type: str, document: Mapping[str, object]) -> Blob:
        """Keep a JSON document, in the one form of its contents."""
        return self.add(media_type, io.BytesIO(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()))

    def add_layer(
        self,
        files: Mapping[str, Path],
        owners: Mapping[str, int] | None = None,
        *,
        programs: bool = False,
        digests: Mapping[Path, str | None] | None = None,
    ) -> Blob:
        """Keep a layer with these files by their paths in the image, and the folders they lie in.

        `owners` are folders that belong to a user, by the user's number; all else belongs to root, and everybody may read it. With
        `programs`, a file that may be run here may be run there. `digests` say what files have been verified to be.
        """
        folders = {**{parent: 0 for path in files for parent in _parents(path)}, **(owners or {})}
        with self._new() as (target, digest), _open_layer(target) as layer:
            for path in sorted({*folders, *files}):
                if path in files:
                    _add_file(layer, path, files[path], (digests or {}).get(files[path]), programs=programs)
                else:
                    layer.addfile(_entry(path, tarfile.DIRTYPE, _FOLDER, folders[path]))
        return self._named(LAYER, digest.hexdigest())

    @contextmanager
    def _new(self) -> Iterator[tuple[_Hashing, Any]]:
        digest = hashlib.sha256()
        with (self._folder / "draft").open("wb") as file:
            yield _Hashing(file, digest), digest

    def _named(self, media_type: str, digest: str) -> Blob:
        path = (self._folder / "draft").rename(self._folder / digest)
        return Blob(media_type, f"sha256:{digest}", path.stat().st_size)


class _Hashing:
    """A file that hashes what is written to it."""

    def __init__(self, file: IO[bytes], digest: Any) -> None:
        self._file, self._digest = file, digest

    def write(self, piece: bytes) -> int:
        self._digest.update(piece)
        return self._file.write(piece)


def _open_layer(target: _Hashing) -> tarfile.TarFile:
    return tarfile.open(fileobj=cast("IO[bytes]", target), mode="w|", format=tarfile.PAX_FORMAT)


def _add_file(layer: tarfile.TarFile, path: str, source: Path, digest: str | None, *, programs: bool) -> None:
    with verified(source, digest) as file:
        status = source.lstat()
        entry = _entry(path, tarfile.REGTYPE, _FOLDER if programs and status.st_mode & 0o100 else _FILE, 0)
        entry.size = status.st_size
        layer.addfile(entry, file)


def _entry(path: str, kind: bytes, mode: int, owner: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode, entry.uid, entry.gid = kind, mode, owner, owner
    return entry


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(path).parents if parent.name]

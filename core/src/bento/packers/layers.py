"""The layers of an image, written so that the same files give the same bytes, and the blobs of an image layout.

A layer is a plain tar, because the digest of a compressed one would depend on the build of zlib.
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
    """A blob's media type, its digest as `sha256:...`, and its size in bytes."""

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
        """Copy `source` into a new blob."""
        with self._new() as (target, digest):
            while piece := source.read(_PIECE):
                target.write(piece)
        return self._named(media_type, digest.hexdigest())

    def add_json(self, media_type: str, document: Mapping[str, object]) -> Blob:
        """Write a JSON document, in canonical form, into a new blob."""
        return self.add(media_type, io.BytesIO(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()))

    def add_layer(
        self,
        files: Mapping[str, Path],
        owners: Mapping[str, int] | None = None,
        *,
        programs: bool = False,
        digests: Mapping[Path, str | None] | None = None,
    ) -> Blob:
        """Write a layer with these files, by their paths in the image, and with the folders that contain them.

        `owners` maps folders to the number of the user that owns them; everything else belongs to root and is readable by all. With
        `programs`, files that are executable here stay executable. `digests` are the SHA-256 of the files as they were verified.
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
    """A file that updates a hash with the bytes that are written to it."""

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

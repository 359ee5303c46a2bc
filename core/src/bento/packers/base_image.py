"""A base image, read from this disk: an image layout in a folder or a tar, or a file system in a tar.

Every blob is checked against its digest. Source: the OCI image format specification; `docker save` writes such a tar, too.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from ..errors import PackerError
from .layers import LAYER, Blob

if TYPE_CHECKING:
    from .layers import Blobs

_SCRATCH = "scratch"
"""As in a Dockerfile, this name means that there is no base image."""
INDEX = "application/vnd.oci.image.index.v1+json"

_GZIP = f"{LAYER}+gzip"
_LAYERS = {
    LAYER: LAYER,
    _GZIP: _GZIP,
    f"{LAYER}+zstd": f"{LAYER}+zstd",
    "application/vnd.docker.image.rootfs.diff.tar": LAYER,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": _GZIP,
}
_INDEXES = {INDEX, "application/vnd.docker.distribution.manifest.list.v2+json"}
_INDEX_FILE = "index.json"
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_LARGEST_DOCUMENT = 4 << 20
_PIECE = 1 << 20
_EXPECTED = "expected an image layout, as `skopeo copy docker://python:3.11-slim oci:python` makes one, or a file system as a tar"
# The exceptions that damaged tars and documents, or documents of another structure, raise.
_GARBLED = (tarfile.TarError, zlib.error, EOFError, KeyError, TypeError, AttributeError, ValueError)


@dataclass(frozen=True, slots=True)
class BaseImage:
    """A base image: its layers, which are already in the new layout, the digests of their unpacked contents, and its configuration."""

    layers: tuple[Blob, ...]
    diff_ids: tuple[str, ...]
    config: dict[str, Any]


class _Source(Protocol):
    def open(self, name: str) -> IO[bytes]:
        """Open a file of a layout for reading. A FileNotFoundError or a KeyError means that it does not exist."""
        ...


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, name: str) -> IO[bytes]:
        return (self._path / name).open("rb")


class _Tar:
    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._members = {member.name.removeprefix("./"): member for member in archive if member.isreg()}

    def open(self, name: str) -> IO[bytes]:
        file = self._archive.extractfile(self._members[name])
        assert file is not None  # noqa: S101 - never None for a plain file
        return file


def read_base(base: str, architecture: str, blobs: Blobs) -> BaseImage:
    """Copy the layers of the base image for Linux on `architecture` to `blobs`. A PackerError if `base` is not a readable image."""
    if base == _SCRATCH:
        return BaseImage((), (), {})
    path = Path(base)
    try:
        with _opened(path) as source:
            index = _json(source.open(_INDEX_FILE)) if source is not None else None
            return _from_layout(source, index, architecture, blobs) if source is not None else _from_file_system(path, blobs)
    except (OSError, *_GARBLED) as error:
        raise PackerError(f"cannot start from {str(path)!r}: {type(error).__name__}: {error} - {_EXPECTED}") from error


@contextmanager
def _opened(path: Path) -> Iterator[_Source | None]:
    """The layout in a folder or a tar; None if the tar contains a file system instead."""
    if path.is_dir():
        yield _Folder(path)
        return
    with tarfile.open(path) as archive:
        members = (member.name.removeprefix("./") for member in archive)
        is_layout = _INDEX_FILE in members
        yield _Tar(archive) if is_layout else None


def _from_layout(source: _Source, index: Any, architecture: str, blobs: Blobs) -> BaseImage:
    manifest = _manifest(source, index, architecture)
    config = _document(source, manifest["config"])
    layers = tuple(_copy(source, descriptor, blobs) for descriptor in manifest["layers"])
    diff_ids = tuple(str(digest) for digest in config["rootfs"]["diff_ids"])
    if len(diff_ids) != len(layers):
        raise ValueError(f"{len(layers)} layers and {len(diff_ids)} digests of them")
    return BaseImage(layers, diff_ids, config)


def _manifest(source: _Source, index: Any, architecture: str) -> Any:
    """The manifest of the only image in an index, or in the indexes inside it, that is for this platform or names no platform."""
    wanted = ("linux", architecture)
    platforms = [(each, each.get("platform") or {"os": "linux", "architecture": architecture}) for each in index["manifests"]]
    found = [each for each, platform in platforms if (platform["os"], platform["architecture"]) == wanted]
    if len(found) != 1:
        raise ValueError(f"{len(found)} images for linux/{architecture}")
    document = _document(source, found[0])
    return _manifest(source, document, architecture) if found[0]["mediaType"] in _INDEXES else document


def _document(source: _Source, descriptor: Any) -> Any:
    with source.open(_path(descriptor)) as file:
        content = file.read(_LARGEST_DOCUMENT)
    _check(descriptor, hashlib.sha256(content).hexdigest())
    return json.loads(content)


def _copy(source: _Source, descriptor: Any, blobs: Blobs) -> Blob:
    with source.open(_path(descriptor)) as file:
        blob = blobs.add(_LAYERS[descriptor["mediaType"]], file)
    _check(descriptor, blob.digest.removeprefix("sha256:"))
    return blob


def _path(descriptor: Any) -> str:
    found = _DIGEST.fullmatch(descriptor["digest"])
    if not found:
        raise ValueError(f"{descriptor['digest']!r} is not a SHA-256 digest")
    return f"blobs/sha256/{found[1]}"


def _check(descriptor: Any, digest: str) -> None:
    if descriptor["digest"] != f"sha256:{digest}":
        raise ValueError(f"{descriptor['digest']} has changed")


def _json(file: IO[bytes]) -> Any:
    with file:
        return json.loads(file.read(_LARGEST_DOCUMENT))


def _from_file_system(path: Path, blobs: Blobs) -> BaseImage:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        blob = blobs.add(_GZIP if is_gzip else LAYER, file)
    return BaseImage((blob,), (_unpacked_digest(path) if is_gzip else blob.digest,), {})


def _unpacked_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with gzip.open(path) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return f"sha256:{digest.hexdigest()}"

"""Bundles: a saved service as a folder with a manifest."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BundleError
from ..opening import open_file
from ..tag import Tag
from .files.hashing import list_digest
from .manifest.formats import MAX_MANIFEST, read_manifest
from .manifest.paths import MANIFEST, SIGNATURE

if TYPE_CHECKING:
    from .manifest.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Bundle:
    """A saved service. `fingerprint` is the SHA-256 of `bento.json`, which lists every other file's: it identifies every byte."""

    path: Path
    manifest: Manifest = field(repr=False)
    fingerprint: str

    def __str__(self) -> str:
        return str(self.tag)

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def tag(self) -> Tag:
        return Tag(self.name, self.version)

    @property
    def digest(self) -> str:
        """The SHA-256, in hex, of what `sha256sum` prints for the files except `bento.json`, sorted: equal contents, equal digest."""
        return list_digest(self.manifest.files)

    @property
    def size(self) -> int:
        """Bytes in all files other than `bento.json`."""
        return sum(file.size for file in self.manifest.files)

    @property
    def signatures(self) -> tuple[str, ...]:
        """The names of the signature files beside `bento.json`, whether the signatures are valid or not."""
        try:
            return tuple(sorted(name for name in os.listdir(self.path) if SIGNATURE.fullmatch(name)))  # noqa: PTH208 - names only
        except OSError as error:
            raise BundleError(f"cannot read {self.path}: {error.strerror}") from error


def open_bundle(path: Path) -> Bundle:
    """The bundle in a folder. Only its manifest is read and checked: `verify` does the rest."""
    content = read_content(path)
    try:
        return Bundle(path.absolute(), read_manifest(content), hashlib.sha256(content).hexdigest())
    except BundleError as error:
        raise BundleError(f"{path} is not a bundle: {error}") from error


def read_content(path: Path) -> bytes:
    """The bytes of a bundle's manifest."""
    try:
        with open_file(path / MANIFEST) as file:
            return file.read(MAX_MANIFEST + 1)
    except FileNotFoundError as error:
        raise BundleError(f"{path} is not a bundle: it has no {MANIFEST}") from error
    except NotADirectoryError as error:
        raise BundleError(
            f"{path} is not a bundle, which is a folder: `bento unpack` takes one into the store that was packed as a file"
        ) from error
    except OSError as error:
        raise BundleError(f"cannot read {path / MANIFEST}: {error.strerror}") from error


def read_file(bundle: Bundle, path: str, most: int = -1) -> bytes:
    """The bytes of a file, or the first `most` of them. The bundle is already verified, but may have been deleted since."""
    try:
        with open_file(bundle.path / path) as file:
            return file.read(most)
    except OSError as error:
        raise BundleError(f"cannot read {bundle.path / path}: {error.strerror}") from error

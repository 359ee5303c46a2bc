"""The files of a bundle as packers copy them: exactly those that were verified, and with the same modes on every machine."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from ..errors import PackerError

if TYPE_CHECKING:
    from ..bundle.model import Bundle

# The same as in bundle/manifest/paths.py, which packers cannot import because it is on a floor above.
MANIFEST = "bento.json"
MODELS = "artifacts"
README = "README.md"
WHEELS = "wheels"
BUNDLE = "bundle"
"""The name of the bundle's folder in outputs that contain other files beside it."""

USER = 10001
"""The number of the unprivileged user that serves in an image."""

_PIECE = 1 << 20
_READABLE, _OPEN = 0o644, 0o755


def contents(bundle: Bundle) -> dict[str, str | None]:
    """The files of a bundle, the manifest first, with their SHA-256. It is None for signatures, because no file lists their digests."""
    listed = {file.path: file.sha256 for file in sorted(bundle.manifest.files, key=attrgetter("path"))}
    return {MANIFEST: bundle.fingerprint, **dict.fromkeys(bundle.signatures), **listed}


def layer_of(path: str) -> str:
    """The folder whose contents are one layer of an image. Each slot's folder is a layer of its own, because models change separately."""
    first, *rest = path.split("/")
    return f"{first}/{rest[0]}" if first == MODELS and len(rest) > 1 else first


def copy_bundle(bundle: Bundle, folder: Path) -> None:
    """Copy every file of a bundle, signatures included, into `folder`."""
    for path, digest in contents(bundle).items():
        copy_file(file_of(bundle, path), folder / path, digest)


def write_around(bundle: Bundle, draft: Path, texts: Mapping[str, str]) -> None:
    """Write a copy of the bundle to `draft/bundle`, and each text to its path beside it."""
    copy_bundle(bundle, draft / BUNDLE)
    for path, text in texts.items():
        (draft / path).write_text(text, encoding="utf-8")


def copy_file(file: Path, target: Path, digest: str | None) -> None:
    """Copy one file, and check that it is still what was verified."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with verified(file, digest) as source, target.open("xb") as copy:
        shutil.copyfileobj(source, copy, _PIECE)


@contextmanager
def verified(file: Path, digest: str | None) -> Iterator[IO[bytes]]:
    """Open a file of a bundle, but not a link, to be read from start to end. At the end of the block, a PackerError if its digest differs.

    A bundle is verified before it is packed, and another process may have changed a file since then. Without a digest nothing is checked.
    """
    with open(file, "rb", opener=_open) as source:
        if digest is None:
            yield source
            return
        reading = _Reading(source)
        yield cast("IO[bytes]", reading)
        if reading.digest.hexdigest() != digest:
            raise PackerError(f"{str(file)!r} has changed since it was verified")


class _Reading:
    """A file that computes the SHA-256 of the bytes that are read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def file_of(bundle: Bundle, path: str) -> Path:
    """The path on this disk of a bundle's file."""
    if "\0" in path:
        raise PackerError(f"cannot pack {bundle.tag}: {path!r} is not a path")
    return bundle.path / path


def set_modes(folder: Path, scripts: Container[Path] = ()) -> None:
    """Set the same modes under any umask. Everything is readable by all, because the user that serves does not own the files."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(_OPEN if path.is_dir() or path in scripts else _READABLE)

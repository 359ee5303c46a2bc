"""The files of a bundle, as packers copy them: those that were verified, with the same modes on every machine."""

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

# As bundle/manifest/paths.py has them, which lies on a floor above.
MANIFEST = "bento.json"
MODELS = "artifacts"
README = "README.md"
WHEELS = "wheels"
BUNDLE = "bundle"
"""The bundle's own folder, in a folder that has more in it."""

USER = 10001
"""The number of the user without rights that an image serves as."""

_PIECE = 1 << 20
_READABLE, _OPEN = 0o644, 0o755


def contents(bundle: Bundle) -> dict[str, str | None]:
    """The files of a bundle, the manifest first, with their SHA-256; None for a signature, whose digest nothing lists."""
    listed = {file.path: file.sha256 for file in sorted(bundle.manifest.files, key=attrgetter("path"))}
    return {MANIFEST: bundle.fingerprint, **dict.fromkeys(bundle.signatures), **listed}


def layer_of(path: str) -> str:
    """The folder of a bundle's file that is a layer of an image as a whole: each slot's own, for models change one by one."""
    first, *rest = path.split("/")
    return f"{first}/{rest[0]}" if first == MODELS and len(rest) > 1 else first


def copy_bundle(bundle: Bundle, folder: Path) -> None:
    """Copy every file of a bundle below `folder`; its signatures go along."""
    for path, digest in contents(bundle).items():
        copy_file(file_of(bundle, path), folder / path, digest)


def write_around(bundle: Bundle, draft: Path, texts: Mapping[str, str]) -> None:
    """Write a folder that has the bundle in a folder of its own, and texts beside it, by their paths."""
    copy_bundle(bundle, draft / BUNDLE)
    for path, text in texts.items():
        (draft / path).write_text(text, encoding="utf-8")


def copy_file(file: Path, target: Path, digest: str | None) -> None:
    """Copy one file as it was verified."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with verified(file, digest) as source, target.open("xb") as copy:
        shutil.copyfileobj(source, copy, _PIECE)


@contextmanager
def verified(file: Path, digest: str | None) -> Iterator[IO[bytes]]:
    """Open a file of a bundle, and no link, to be read from start to end; if it is no longer what was verified, a PackerError follows.

    Packing begins when a bundle is verified, and others may be able to write to its folder meanwhile.
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
    """A file that hashes what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def file_of(bundle: Bundle, path: str) -> Path:
    """Where a file of a bundle is."""
    if "\0" in path:
        raise PackerError(f"cannot pack {bundle.tag}: {path!r} is no path")
    return bundle.path / path


def set_modes(folder: Path, scripts: Container[Path] = ()) -> None:
    """The same modes under any umask: whoever serves owns none of it, and has to read everything."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(_OPEN if path.is_dir() or path in scripts else _READABLE)

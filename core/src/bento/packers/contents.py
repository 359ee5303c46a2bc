"""What packers have in common: the bundle's own folder, checked values of its manifest, and the same modes on every machine."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from ..env import Env
from ..env.conda import Conda
from ..errors import DefinitionError, PackerError, TagError

if TYPE_CHECKING:
    from ..bundle.model import Bundle

# As bundle/manifest/paths.py has them, which lies on a floor above.
MANIFEST = "bento.json"
MODELS = "artifacts"
README = "README.md"
WHEELS = "wheels"
BUNDLE = "bundle"
"""The bundle's own folder, in a folder that has more in it."""

_PIECE = 1 << 20
_READABLE, _OPEN = 0o644, 0o755
# Source: PyPA, "Binary distribution format", file name convention; a local version has a '+', an epoch a '!'.
_WHEEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*\.whl")


@contextmanager
def checking(bundle: Bundle, what: str) -> Iterator[None]:
    """Turn a value that its type refuses, when a packer checks it once more, into a PackerError."""
    try:
        yield
    except (DefinitionError, TagError) as error:
        raise PackerError(f"cannot make {what} of {str(bundle.path)!r}: {error}") from error


def contents(bundle: Bundle) -> dict[str, str | None]:
    """The files of a bundle, the manifest first, with their SHA-256; nothing says what that of a signature is."""
    listed = {file.path: file.sha256 for file in sorted(bundle.manifest.files, key=attrgetter("path"))}
    return {MANIFEST: bundle.fingerprint, **dict.fromkeys(bundle.signatures), **listed}


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
    """Open a file of a bundle, no link, to be read from start to end; a PackerError if it is not what was verified any more.

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


def wheels_of(bundle: Bundle) -> list[str]:
    """The file names of the wheels that go along, each one that no shell and no file of requirements reads as more."""
    parts = (file.path.partition("/") for file in bundle.manifest.files)
    names = [name for folder, _, name in parts if folder == WHEELS and name]
    for name in names:
        if not _WHEEL.fullmatch(name):
            raise PackerError(f"{name!r} is not named as wheels are: expected a name like 'flowers-1.0-py3-none-any.whl'")
    return names


def env_of(bundle: Bundle) -> Env:
    """What a bundle needs, with the Python it is for, in the type that checks all of it."""
    given = bundle.manifest.env
    saved_with = Env(python_version=bundle.manifest.python).python_version
    return Env(
        bundle.manifest.requirements,
        apt=given.apt,
        python_version=given.python_version or saved_with,
        base_image=given.base_image,
        setup=given.setup,
    )


def conda_of(bundle: Bundle) -> Conda | None:
    """The conda environment of a bundle, in the type that checks all of it."""
    given = bundle.manifest.env.conda
    return None if given is None else Conda(tuple(given.dependencies), tuple(given.channels))


def refuse_conda(bundle: Bundle) -> None:
    """Refuse a bundle with a conda environment, for a way to ship that installs with pip alone."""
    if bundle.manifest.env.conda is not None:
        raise PackerError(
            f"{bundle.tag} has a conda environment, which nothing makes there: pack it with docker, lambda or sagemaker, "
            "or as a folder or an archive for a machine that has the environment"
        )


def refuse_setup(bundle: Bundle, env: Env) -> None:
    """Refuse a bundle with a setup script, which is written for an image and not for a machine that others use as well."""
    if env.setup is not None:
        raise PackerError(
            f"{bundle.tag} has a script that an image runs as root, {str(env.setup)!r}: pack it as an image, or save it without"
        )

"""What packers have in common: the bundle's own folder, checked values of its manifest, and the same modes on every machine."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..env import Env
from ..env.conda import Conda
from ..errors import DefinitionError, PackerError, TagError

if TYPE_CHECKING:
    from ..bundle import Bundle

MANIFEST = "bento.json"
WHEELS = "wheels"

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


def copy_bundle(bundle: Bundle, folder: Path) -> None:
    """Copy every file of a bundle below `folder`, and compare it with its checksum on the way; its signatures go along."""
    _copy(bundle, MANIFEST, folder, bundle.fingerprint)
    for name in bundle.signatures:
        shutil.copyfile(bundle.path / name, folder / name)
    for file in bundle.manifest.files:
        _copy(bundle, file.path, folder, file.sha256)


def _copy(bundle: Bundle, path: str, folder: Path, expected: str) -> None:
    digest, file = hashlib.sha256(), file_of(bundle, path)
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    with file.open("rb") as source, (folder / path).open("xb") as target:
        while piece := source.read(_PIECE):
            digest.update(piece)
            target.write(piece)
    if digest.hexdigest() != expected:
        raise PackerError(f"cannot pack {bundle.tag}: {path!r} has changed")


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

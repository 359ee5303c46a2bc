"""What a bundle needs to run, checked once more by its types, because packers write it into scripts and other formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..env import Env
from ..env.conda import Conda
from ..errors import DefinitionError, PackerError, TagError
from .contents import WHEELS

if TYPE_CHECKING:
    from ..bundle.model import Bundle

# Source: PyPA, "Binary distribution format", file name convention; a local version has a '+', an epoch a '!'.
_WHEEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*\.whl")


@contextmanager
def checking(bundle: Bundle, what: str) -> Iterator[None]:
    """Turn the error of an invalid value in a manifest into a PackerError that says that `what` cannot be made."""
    try:
        yield
    except (DefinitionError, TagError) as error:
        raise PackerError(f"cannot make {what} of {str(bundle.path)!r}: {error}") from error


def wheels_of(bundle: Bundle) -> list[str]:
    """The file names of the wheels in a bundle. A name that a shell or a requirements file could misread is a PackerError."""
    parts = (file.path.partition("/") for file in bundle.manifest.files)
    names = [name for folder, _, name in parts if folder == WHEELS and name]
    for name in names:
        if not _WHEEL.fullmatch(name):
            raise PackerError(f"{name!r} is not the name of a wheel: expected one like 'flowers-1.0-py3-none-any.whl'")
    return names


def env_of(bundle: Bundle) -> Env:
    """What a bundle needs, including its Python version, as an `Env`, which checks all values."""
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
    """The conda environment of a bundle as a `Conda`, which checks all values; None if it has none."""
    given = bundle.manifest.env.conda
    return None if given is None else Conda(tuple(given.dependencies), tuple(given.channels))


def refuse_conda(bundle: Bundle) -> None:
    """Refuse a bundle with a conda environment, for packers whose output is installed with pip only."""
    if bundle.manifest.env.conda is not None:
        raise PackerError(
            f"{bundle.tag} has a conda environment, which would not be made there: pack it with docker, lambda or sagemaker, "
            "or as a folder or an archive for a machine that has the environment"
        )


def refuse_setup(bundle: Bundle, env: Env) -> None:
    """Refuse a bundle with a setup script, for packers that do not make an image: the script is not meant for a shared machine."""
    if env.setup is not None:
        raise PackerError(
            f"{bundle.tag} has a script that an image runs as root, {str(env.setup)!r}: pack it as an image, or save it without"
        )

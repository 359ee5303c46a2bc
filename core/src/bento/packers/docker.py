"""DockerPacker: a bundle as a folder that `docker build` makes an image of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..env import Env
from ..errors import DefinitionError, PackerError, TagError
from ..packer import Packer
from .dockerfile import BUNDLE, IGNORED, REQUIREMENTS, SETUP, WHEELS, Recipe
from .output import create
from .requirements import brought_by, requirements_txt

if TYPE_CHECKING:
    from ..bundle import Bundle

_MANIFEST = "bento.json"
_READABLE, _OPEN = 0o644, 0o755


class DockerPacker(Packer):
    """Pack a bundle into a Docker build context: `docker build OUT` gives an image that serves it as a user without rights.

    The image starts from `base_image`, else from what the service's `Env` says, else from the slim image of the Python that saved
    the bundle. A base image has to be a Debian or Ubuntu with that Python.
    """

    name = "docker"
    summary = "a folder for `docker build`, whose image serves the bundle"

    def __init__(self, *, base_image: str | None = None) -> None:
        try:
            Env(base_image=base_image)
        except DefinitionError as error:
            raise PackerError(str(error)) from error
        self._base_image = base_image

    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the context. Each value of the manifest is checked again by the type of its field: a wrong one is a PackerError."""
        try:
            texts = self._texts(bundle)
        except (DefinitionError, TagError) as error:
            raise PackerError(f"cannot make an image of {str(bundle.path)!r}: {error}") from error
        with create(out) as draft:
            for path, source in _sources(bundle):
                (draft / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, draft / path)
            for path, text in texts.items():
                (draft / path).write_text(text, encoding="utf-8")
            _set_modes(draft)
        return out

    def _texts(self, bundle: Bundle) -> dict[str, str]:
        """What is written rather than copied, by path."""
        env, wheels = self._env(bundle), _wheels(bundle)
        local = brought_by(wheels, env.python)
        recipe = Recipe(bundle.tag, env, tuple(file.path for file in bundle.manifest.files))
        texts = {"Dockerfile": recipe.text(), ".dockerignore": IGNORED, REQUIREMENTS: requirements_txt(set(env.python) - set(local))}
        return {**texts, f"{WHEELS}/{REQUIREMENTS}": requirements_txt(local)} if wheels else texts

    def _env(self, bundle: Bundle) -> Env:
        """What the image needs, in the type that checks all of it."""
        given = bundle.manifest.env
        saved_with = Env(python_version=bundle.manifest.python).python_version or ""
        python = given.python_version or ".".join(saved_with.split(".")[:2])
        image = self._base_image or given.base_image or f"python:{python}-slim"
        return Env(bundle.manifest.requirements, apt=given.apt, python_version=python, base_image=image, setup=given.setup)


def _wheels(bundle: Bundle) -> list[str]:
    """The names of the wheels that go along."""
    return [name for folder, _, name in (file.path.partition("/") for file in bundle.manifest.files) if folder == WHEELS and name]


def _sources(bundle: Bundle) -> Iterator[tuple[str, Path]]:
    """What is copied: where to, and where from."""
    for path in (_MANIFEST, *(file.path for file in bundle.manifest.files)):
        yield f"{BUNDLE}/{path}", bundle.path / path
    for name in _wheels(bundle):
        yield f"{WHEELS}/{name}", bundle.path / WHEELS / name
    if bundle.manifest.env.setup is not None:
        yield SETUP, bundle.path / bundle.manifest.env.setup


def _set_modes(folder: Path) -> None:
    """The same modes under any umask: the image's user, who owns none of it, has to read everything."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(_OPEN if path.is_dir() or path == folder / SETUP else _READABLE)

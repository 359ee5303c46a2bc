"""The base of all packers of Docker build contexts, which differ only in how the image is started."""

from __future__ import annotations

import shutil
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from ..env import Env
from ..errors import DefinitionError, PackerError
from ..packer import Packer
from .checked import checking, conda_of, env_of, wheels_of
from .conda_steps import ENVIRONMENT, MICROMAMBA
from .contents import BUNDLE, set_modes, write_around
from .dockerfile import IGNORED, REQUIREMENTS, SETUP, START_REQUIREMENTS, WHEEL_REQUIREMENTS, Recipe
from .lock import lock_of, lock_text, without
from .output import create
from .requirements import added_to, brought_by, distribution_of, names_of, requirements_txt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..bundle.model import Bundle
    from .dockerfile import Start
    from .lock import Locked

_GPUS = ("nvidia",)


class BuildContextPacker(Packer):
    """Packs a bundle into a folder from which `docker build` makes an image."""

    def __init__(self, *, base_image: str | None = None, gpu: str | None = None) -> None:
        try:
            Env(base_image=base_image)
        except DefinitionError as error:
            raise PackerError(f"{type(self).__name__}(base_image={base_image!r}): expected an image like 'python:3.12-slim'") from error
        if gpu is not None and gpu not in _GPUS:
            raise PackerError(f"{type(self).__name__}(gpu={gpu!r}): expected {' or '.join(map(repr, _GPUS))}")
        self._base_image = base_image
        self._gpu = gpu is not None

    @abstractmethod
    def _start(self, bundle: Bundle) -> Start:
        """How the image of this bundle is started."""

    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the build context. Every value of the manifest is checked again; an invalid one is a PackerError."""
        with checking(bundle, "an image"):
            texts = self._texts(bundle)
        with create(out) as draft:
            write_around(bundle, draft, texts)
            if bundle.manifest.env.setup is not None:
                shutil.copyfile(draft / BUNDLE / bundle.manifest.env.setup, draft / SETUP)
            set_modes(draft, [draft / SETUP])
        return out

    def _texts(self, bundle: Bundle) -> dict[str, str]:
        """The generated files (all that are not copied from the bundle), as texts by path."""
        env, start, conda = self._env(bundle), self._start(bundle), conda_of(bundle)
        locked = lock_of(bundle)
        lists = _locked_lists(bundle, locked, start) if locked else _lists(bundle, env, start)
        if conda is not None:
            lists[ENVIRONMENT] = conda.text()
        recipe = Recipe(
            bundle.tag,
            env,
            paths=(*bundle.signatures, *(file.path for file in bundle.manifest.files)),
            start=start,
            gpu=self._gpu,
            locked=bool(locked),
            conda=conda is not None,
            starts_with_more=START_REQUIREMENTS in lists,
        )
        copied = [*dict(start.files), *(name for name in lists if name in (ENVIRONMENT, START_REQUIREMENTS))]
        ignored = IGNORED + "".join(f"!{name}\n" for name in copied)
        return {"Dockerfile": recipe.text(), ".dockerignore": ignored, **lists, **dict(start.files)}

    def _env(self, bundle: Bundle) -> Env:
        env = env_of(bundle)
        usual = MICROMAMBA if bundle.manifest.env.conda else f"python:{env.python_version}-slim"
        return replace(env, base_image=self._base_image or env.base_image or usual)


def _lists(bundle: Bundle, env: Env, start: Start) -> dict[str, str]:
    """The requirements files: one for what pip installs from an index, one for what it installs from the bundle's wheels."""
    requirements, wheels = added_to(env.python, start.requirements), wheels_of(bundle)
    local = brought_by(wheels, requirements)
    lists = {REQUIREMENTS: requirements_txt(set(requirements) - set(local))}
    return {**lists, WHEEL_REQUIREMENTS: requirements_txt(local)} if wheels else lists


def _locked_lists(bundle: Bundle, locked: Mapping[str, Locked], start: Start) -> dict[str, str]:
    """The requirements files from a lock, with hashes. What the start of the image needs and the lock lacks is in a file of its own."""
    local = {*map(distribution_of, wheels_of(bundle))}
    more = [text for text in start.requirements if names_of([text])[0] not in locked]
    lists = {REQUIREMENTS: lock_text(without(locked, local))}
    wheels = {WHEEL_REQUIREMENTS: lock_text(locked[name] for name in local)} if local else {}
    return {**lists, **wheels, **({START_REQUIREMENTS: requirements_txt(more)} if more else {})}

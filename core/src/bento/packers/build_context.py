"""What packers of Docker build contexts have in common: everything but how the image is started."""

from __future__ import annotations

import shutil
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from ..env import Env
from ..errors import DefinitionError, PackerError
from ..packer import Packer
from .contents import checking, copy_bundle, env_of, set_modes, wheels_of
from .dockerfile import BUNDLE, IGNORED, REQUIREMENTS, SETUP, WHEEL_REQUIREMENTS, Recipe
from .output import create
from .requirements import added_to, brought_by, requirements_txt

if TYPE_CHECKING:
    from pathlib import Path

    from ..bundle import Bundle
    from .dockerfile import Start

_GPUS = ("nvidia",)


class BuildContextPacker(Packer):
    """A way to ship a bundle as an image: a folder for `docker build`."""

    def __init__(self, *, base_image: str | None = None, gpu: str | None = None) -> None:
        try:
            Env(base_image=base_image)
        except DefinitionError as error:
            raise PackerError(str(error)) from error
        if gpu is not None and gpu not in _GPUS:
            raise PackerError(f"{type(self).__name__}(gpu={gpu!r}): expected {' or '.join(map(repr, _GPUS))}")
        self._base_image = base_image
        self._gpu = gpu is not None

    @abstractmethod
    def _start(self, bundle: Bundle) -> Start:
        """How the image is started."""

    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the context. Each value of the manifest is checked again by the type of its field: a wrong one is a PackerError."""
        with checking(bundle, "an image"):
            texts = self._texts(bundle)
        with create(out) as draft:
            copy_bundle(bundle, draft / BUNDLE)
            for path, text in texts.items():
                (draft / path).write_text(text, encoding="utf-8")
            if bundle.manifest.env.setup is not None:
                shutil.copyfile(draft / BUNDLE / bundle.manifest.env.setup, draft / SETUP)
            set_modes(draft, [draft / SETUP])
        return out

    def _texts(self, bundle: Bundle) -> dict[str, str]:
        """What is written rather than copied, by path."""
        env, wheels, start = self._env(bundle), wheels_of(bundle), self._start(bundle)
        requirements = added_to(env.python, start.requirements)
        local = brought_by(wheels, requirements)
        paths = (*bundle.signatures, *(file.path for file in bundle.manifest.files))
        recipe = Recipe(bundle.tag, env, paths, start, gpu=self._gpu)
        ignored = IGNORED + "".join(f"!{name}\n" for name, _ in start.files)
        texts = {"Dockerfile": recipe.text(), ".dockerignore": ignored, REQUIREMENTS: requirements_txt(set(requirements) - set(local))}
        return {**texts, **dict(start.files), **({WHEEL_REQUIREMENTS: requirements_txt(local)} if wheels else {})}

    def _env(self, bundle: Bundle) -> Env:
        env = env_of(bundle)
        return replace(env, base_image=self._base_image or env.base_image or f"python:{env.python_version}-slim")

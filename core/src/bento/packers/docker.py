"""DockerPacker: a bundle as a folder that `docker build` makes an image of."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from ..env import Env
from ..errors import DefinitionError, PackerError
from ..packer import Packer
from .contents import checking, copy_bundle, env_of, set_modes, wheels_of
from .dockerfile import BUNDLE, IGNORED, REQUIREMENTS, SETUP, WHEEL_REQUIREMENTS, Recipe
from .output import create
from .requirements import brought_by, requirements_txt

if TYPE_CHECKING:
    from pathlib import Path

    from ..bundle import Bundle

_GPUS = ("nvidia",)


class DockerPacker(Packer):
    """Pack a bundle into a Docker build context: `docker build OUT` gives an image that serves it as a user without rights.

    The image starts from `base_image`, else from what the service's `Env` says, else from the slim image of the very Python that
    saved the bundle. A base image has to be a Debian or Ubuntu with that Python. `gpu="nvidia"` has the container given GPUs and
    their driver; what else of CUDA is needed comes with the requirements, as PyTorch's does, or with the base image.
    """

    name = "docker"
    summary = "a folder for `docker build`, whose image serves the bundle"

    def __init__(self, *, base_image: str | None = None, gpu: str | None = None) -> None:
        try:
            Env(base_image=base_image)
        except DefinitionError as error:
            raise PackerError(str(error)) from error
        if gpu is not None and gpu not in _GPUS:
            raise PackerError(f"DockerPacker(gpu={gpu!r}): expected {' or '.join(map(repr, _GPUS))}")
        self._base_image = base_image
        self._gpu = gpu is not None

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
        env, wheels = self._env(bundle), wheels_of(bundle)
        local = brought_by(wheels, env.python)
        recipe = Recipe(bundle.tag, env, tuple(file.path for file in bundle.manifest.files), gpu=self._gpu)
        texts = {"Dockerfile": recipe.text(), ".dockerignore": IGNORED, REQUIREMENTS: requirements_txt(set(env.python) - set(local))}
        return {**texts, WHEEL_REQUIREMENTS: requirements_txt(local)} if wheels else texts

    def _env(self, bundle: Bundle) -> Env:
        env = env_of(bundle)
        return replace(env, base_image=self._base_image or env.base_image or f"python:{env.python_version}-slim")

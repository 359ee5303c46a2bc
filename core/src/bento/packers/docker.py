"""DockerPacker: a bundle as a folder from which `docker build` makes an image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .build_context import BuildContextPacker
from .contents import BUNDLE
from .dockerfile import server

if TYPE_CHECKING:
    from ..bundle.model import Bundle
    from .dockerfile import Start

_SERVE = f'exec bento serve /{BUNDLE} --trust --host 0.0.0.0 --port "$PORT"'
_END = f"CMD {json.dumps(['sh', '-c', _SERVE])}\n"


class DockerPacker(BuildContextPacker):
    """Pack a bundle into a Docker build context: `docker build OUT` makes an image that serves it as an unprivileged user.

    The base image is `base_image`; without it, the one that the service's `Env` names; and without that, the slim image of the Python
    version that saved the bundle. A base image has to be a Debian or Ubuntu with that Python. With `gpu="nvidia"`, the container is given
    the GPUs and their driver; the other parts of CUDA come with the requirements, as for PyTorch, or with the base image.
    """

    name = "docker"
    summary = "a folder for `docker build`, whose image serves the bundle"

    def _start(self, bundle: Bundle) -> Start:
        return server(3000, _END, gpu=self._gpu)

"""DockerPacker: a bundle as a folder that `docker build` makes an image of."""

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
    """Pack a bundle into a Docker build context: `docker build OUT` gives an image that serves it as a user without rights.

    The image starts from `base_image`, else from what the service's `Env` says, else from the slim image of the very Python that
    saved the bundle. A base image has to be a Debian or Ubuntu with that Python. `gpu="nvidia"` has the container given GPUs and
    their driver; what else of CUDA is needed comes with the requirements, as PyTorch's does, or with the base image.
    """

    name = "docker"
    summary = "a folder for `docker build`, whose image serves the bundle"

    def _start(self, bundle: Bundle) -> Start:
        return server(3000, _END, gpu=self._gpu)

"""SagemakerPacker: a bundle as a folder for an image that Amazon SageMaker hosts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ..errors import PackerError
from .build_context import BuildContextPacker
from .contents import BUNDLE
from .dockerfile import server

if TYPE_CHECKING:
    from ..bundle.model import Bundle
    from .dockerfile import Start

_PORT = 8080
_USUAL = "predict"
_API = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Source: Amazon SageMaker, "Custom Inference Code with Hosting Services" and "Multi-container endpoints".
_SERVE = (
    f'exec bento serve /{BUNDLE} --trust --host 0.0.0.0 --port "${{SAGEMAKER_BIND_TO_PORT:-$PORT}}"'
    ' --workers "${SAGEMAKER_MODEL_SERVER_WORKERS:-1}" --alias /ping=/readyz --alias '
)


class SagemakerPacker(BuildContextPacker):
    """Pack a bundle into a Docker build context for Amazon SageMaker. Its image answers `/ping` and `/invocations` on port 8080.

    `api` is the api that answers `/invocations`: by default the service's only api, or `predict`. The base image is chosen as by the packer
    `docker`. `gpu="nvidia"` is for instances with a GPU.
    """

    name = "sagemaker"
    summary = "a folder for `docker build`, whose image Amazon SageMaker hosts"

    def __init__(self, *, api: str | None = None, base_image: str | None = None, gpu: str | None = None) -> None:
        super().__init__(base_image=base_image, gpu=gpu)
        self._api = api

    def _start(self, bundle: Bundle) -> Start:
        # SageMaker passes the argument `serve` to the container. To `sh -c`, that argument is only its own name, $0.
        command = ["sh", "-c", f"{_SERVE}/invocations=/{self._chosen(bundle)}"]
        end = f"LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true\nENTRYPOINT {json.dumps(command)}\n"
        return server(_PORT, end, gpu=self._gpu)

    def _chosen(self, bundle: Bundle) -> str:
        names = [api.name for api in bundle.manifest.apis]
        chosen = self._api or (names[0] if len(names) == 1 else _USUAL)
        if chosen not in names or not _API.fullmatch(chosen):
            known = ", ".join(names) or "none"
            raise PackerError(f"{bundle.tag} has no api {chosen!r} to answer /invocations: its apis are {known}, name one as api=...")
        return chosen

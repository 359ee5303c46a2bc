"""LambdaPacker: a bundle as a folder for an image that AWS Lambda runs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ..errors import PackerError
from .build_context import BuildContextPacker
from .contents import BUNDLE
from .dockerfile import AS_USER, Start

if TYPE_CHECKING:
    from ..bundle.model import Bundle

_FILE = "lambda_function.py"
_BASE_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
# The first calls the function, the second converts its events to requests.
_RUNTIME = ("awslambdaric==4.2.2", "mangum==0.22.0")

_FUNCTION = """\
\"\"\"What AWS Lambda calls: the bundle beside this file, verified and loaded once, answers each event.\"\"\"

from pathlib import Path

from bento.serving.events import Function

handler = Function(Path(__file__).with_name("{bundle}"){base_path})
"""
_END = f"""\
COPY {_FILE} /
WORKDIR /
{AS_USER}
ENTRYPOINT {json.dumps(["python", "-m", "awslambdaric"])}
CMD {json.dumps(["lambda_function.handler"])}
"""


class LambdaPacker(BuildContextPacker):
    """Pack a bundle into a Docker build context. Its image is an AWS Lambda function that answers the events of API Gateway, of function
    URLs and of load balancers.

    The base image is chosen as by the packer `docker`. `base_path` is the path that a custom domain adds before the paths of the apis,
    such as `/v1`.
    """

    name = "lambda"
    summary = "a folder for `docker build`, whose image is a function of AWS Lambda"

    def __init__(self, *, base_image: str | None = None, base_path: str = "") -> None:
        super().__init__(base_image=base_image)
        if base_path and not _BASE_PATH.fullmatch(base_path):
            raise PackerError(f"LambdaPacker(base_path={base_path!r}): expected a path like '/v1'")
        self._base_path = base_path

    def _start(self, bundle: Bundle) -> Start:
        base_path = f', base_path="{self._base_path}"' if self._base_path else ""
        text = _FUNCTION.format(bundle=BUNDLE, base_path=base_path)
        return Start("docker push {tag}, to a registry that Lambda reads", _END, requirements=_RUNTIME, files=((_FILE, text),))

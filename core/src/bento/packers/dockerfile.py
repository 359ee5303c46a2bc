"""The texts of a Docker build context, from values that are checked here once more: nothing is pasted as it came.

A Dockerfile's layers are ordered by how seldom they change: system packages, the setup script, requirements, wheels, the models of each
slot, code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import PackerError
from .contents import MANIFEST, WHEELS

if TYPE_CHECKING:
    from ..env import Env
    from ..tag import Tag

BUNDLE = "bundle"
MODELS = "artifacts"
REQUIREMENTS = "requirements.txt"
SETUP = "setup.sh"
WHEEL_REQUIREMENTS = "wheels.txt"

IGNORED = f"""\
# Only what the Dockerfile copies goes to the builder.
*
!{BUNDLE}
!{REQUIREMENTS}
!{SETUP}
!{WHEEL_REQUIREMENTS}
"""

_NAME = re.compile(r"\w[\w.-]*", re.ASCII)

_HEAD = """\
# {tag}: docker build --tag {tag} . && docker run {options}--publish 3000:3000 {tag}
FROM {base_image}

ENV PYTHONUNBUFFERED=1 \\
    PYTHONDONTWRITEBYTECODE=1 \\
    PIP_DISABLE_PIP_VERSION_CHECK=1 \\
    PIP_ROOT_USER_ACTION=ignore \\
    {gpu}PORT=3000

RUN useradd --create-home --uid 10001 bento"""

# Source: NVIDIA Container Toolkit, "Specialized Configurations with Docker".
_GPU = """\
NVIDIA_VISIBLE_DEVICES=all \\
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \\
    """

_APT = """\
# hadolint ignore=DL3008
RUN apt-get update \\
 && apt-get install --yes --no-install-recommends {packages} \\
 && rm -rf /var/lib/apt/lists/*"""

_SETUP = f"""\
COPY {SETUP} /opt/bento/
RUN /opt/bento/{SETUP}"""

_REQUIREMENTS = f"""\
# Another index than PyPI: docker build --build-arg PIP_INDEX_URL=https://...
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
COPY {REQUIREMENTS} /opt/bento/
RUN python -m pip install --no-cache-dir --requirement /opt/bento/{REQUIREMENTS}"""

# The wheels are named as files, so that no index can put another distribution of the same name and version in their place.
_WHEELS = f"""\
COPY {BUNDLE}/{WHEELS} /{BUNDLE}/{WHEELS}/
COPY {WHEEL_REQUIREMENTS} /opt/bento/
RUN python -m pip install --no-cache-dir --find-links /{BUNDLE}/{WHEELS} \\
    --requirement /opt/bento/{REQUIREMENTS} --requirement /opt/bento/{WHEEL_REQUIREMENTS} /{BUNDLE}/{WHEELS}/*.whl"""

_HEALTH = (
    "import http.client, os, sys; "
    "server = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); "
    "server.request('GET', '/livez'); sys.exit(server.getresponse().status != 200)"
)
_SERVE = f'exec bento serve /{BUNDLE} --trust --host 0.0.0.0 --port "$PORT"'
_TAIL = f"""\
WORKDIR /home/bento
USER 10001:10001
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \\
    CMD {json.dumps(["python", "-c", _HEALTH])}
CMD {json.dumps(["sh", "-c", _SERVE])}
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a Dockerfile depends on: `Tag` and `Env` have checked their values, `paths` are those of the bundle's files."""

    tag: Tag
    env: Env
    paths: tuple[str, ...]
    gpu: bool = False

    def text(self) -> str:
        """The Dockerfile."""
        return "\n\n".join(self._steps())

    def _steps(self) -> Iterator[str]:
        options, gpu = ("--gpus all ", _GPU) if self.gpu else ("", "")
        yield _HEAD.format(tag=self.tag, base_image=self.env.base_image, options=options, gpu=gpu)
        if self.env.apt:
            yield _APT.format(packages=" ".join(sorted(self.env.apt)))
        if self.env.setup:
            yield _SETUP
        yield _REQUIREMENTS
        folders = {_layer(path) for path in self.paths if "/" in path}
        if WHEELS in folders:
            yield _WHEELS
        yield "\n".join(self._copies(folders - {WHEELS}))
        yield _TAIL

    def _copies(self, folders: set[str]) -> Iterator[str]:
        for folder in sorted(folders, key=lambda name: (not name.startswith(MODELS), name)):
            yield f"COPY {BUNDLE}/{_checked(folder)} /{BUNDLE}/{folder}/"
        files = sorted({MANIFEST, *(path for path in self.paths if "/" not in path)})
        yield f"COPY {' '.join(f'{BUNDLE}/{_checked(name)}' for name in files)} /{BUNDLE}/"


def _layer(path: str) -> str:
    """The folder that is copied as a whole for a file: each slot's own, for models change one by one."""
    first, *rest = path.split("/")
    return f"{first}/{rest[0]}" if first == MODELS and len(rest) > 1 else first


def _checked(name: str) -> str:
    for part in name.split("/"):
        if not _NAME.fullmatch(part):
            raise PackerError(f"cannot write {name!r} to a Dockerfile: expected a name of letters, digits, '.', '_' and '-'")
    return name

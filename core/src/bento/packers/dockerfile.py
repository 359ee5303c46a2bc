"""The texts of a Docker build context, from values that are checked here once more: no value is inserted unchecked.

The layers that change least often come first: system packages, the setup script, requirements, wheels, the models of each slot, code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import PackerError
from .conda_steps import ACTIVATE, AS_ROOT, MAKE, VARIABLES
from .contents import BUNDLE, MANIFEST, MODELS, USER, WHEELS, layer_of

if TYPE_CHECKING:
    from ..env import Env
    from ..tag import Tag

REQUIREMENTS = "requirements.txt"
SETUP = "setup.sh"
WHEEL_REQUIREMENTS = "wheels.txt"
START_REQUIREMENTS = "start.txt"

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
# {tag}: docker build --tag {tag} . && {usage}
FROM {base_image}

ENV {variables}

RUN useradd --create-home --uid {uid} bento"""

_VARIABLES = ("PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1", "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_ROOT_USER_ACTION=ignore")
# Source: NVIDIA Container Toolkit, "Specialized Configurations with Docker".
_GPU = ("NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_DRIVER_CAPABILITIES=compute,utility")

_APT = """\
# hadolint ignore=DL3008
RUN apt-get update \\
 && apt-get install --yes --no-install-recommends {packages} \\
 && rm -rf /var/lib/apt/lists/*"""

_SETUP = f"""\
COPY {SETUP} /opt/bento/
RUN /opt/bento/{SETUP}"""

_INDEX = f"""\
# Another index than PyPI: docker build --build-arg PIP_INDEX_URL=https://...
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
COPY {REQUIREMENTS} /opt/bento/"""
_REQUIREMENTS = f"""\
{_INDEX}
RUN python -m pip install --no-cache-dir --requirement /opt/bento/{REQUIREMENTS}"""
# A lock names every distribution, so pip must not install any other one.
_LOCKED = "RUN python -m pip install --no-cache-dir --no-deps --require-hashes"
_LOCKED_REQUIREMENTS = f"""\
{_INDEX}
{_LOCKED} --requirement /opt/bento/{REQUIREMENTS}"""

# The wheels are named as files, so that an index cannot replace them with another distribution of the same name and version.
_WHEELS = f"""\
COPY {BUNDLE}/{WHEELS} /{BUNDLE}/{WHEELS}/
COPY {WHEEL_REQUIREMENTS} /opt/bento/
RUN python -m pip install --no-cache-dir --find-links /{BUNDLE}/{WHEELS} \\
    --requirement /opt/bento/{REQUIREMENTS} --requirement /opt/bento/{WHEEL_REQUIREMENTS} /{BUNDLE}/{WHEELS}/*.whl"""
_LOCKED_WHEELS = f"""\
COPY {BUNDLE}/{WHEELS} /{BUNDLE}/{WHEELS}/
COPY {WHEEL_REQUIREMENTS} /opt/bento/
{_LOCKED} \\
    --no-index --find-links /{BUNDLE}/{WHEELS} --requirement /opt/bento/{WHEEL_REQUIREMENTS}"""
_START = f"""\
COPY {START_REQUIREMENTS} /opt/bento/
RUN python -m pip install --no-cache-dir --requirement /opt/bento/{START_REQUIREMENTS}"""

AS_USER = f"USER {USER}:{USER}"
_HEALTH = (
    "import http.client, os, sys; "
    "server = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); "
    "server.request('GET', '/livez'); sys.exit(server.getresponse().status != 200)"
)
_SERVER = f"""\
WORKDIR /home/bento
{AS_USER}
EXPOSE {{port}}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \\
    CMD {json.dumps(["python", "-c", _HEALTH])}
"""


@dataclass(frozen=True, slots=True)
class Start:
    """How an image is started.

    `usage` is the command that runs the image, `port` the port that it listens on, `end` the last lines of the Dockerfile.
    `requirements` are installed for the start only; `files` are names and texts of files that the start needs.
    """

    usage: str
    end: str
    port: int | None = None
    requirements: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


def server(port: int, end: str, *, gpu: bool = False) -> Start:
    """The start of an image that listens on the port in its variable `PORT`, and checks its own health."""
    options = "--gpus all " if gpu else ""
    return Start(f"docker run {options}--publish {port}:{port} {{tag}}", _SERVER.format(port=port) + end, port)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a Dockerfile depends on. `Tag` and `Env` have checked their values; `paths` are the paths of the bundle's files.

    With `locked`, the requirements have hashes. With `conda`, Python comes from a conda environment. With `starts_with_more`, the image
    needs further requirements for its start, which the lock does not name.
    """

    tag: Tag
    env: Env
    paths: tuple[str, ...]
    start: Start
    gpu: bool = False
    locked: bool = False
    conda: bool = False
    starts_with_more: bool = False

    def text(self) -> str:
        """The text of the Dockerfile."""
        return "\n\n".join(self._steps())

    def _steps(self) -> Iterator[str]:
        usage = self.start.usage.format(tag=self.tag)
        user = f"\n{AS_ROOT}" if self.conda else ""
        variables = " \\\n    ".join(self._variables())
        yield _HEAD.format(tag=self.tag, usage=usage, base_image=f"{self.env.base_image}{user}", variables=variables, uid=USER)
        if self.env.apt:
            yield _APT.format(packages=" ".join(sorted(self.env.apt)))
        if self.env.setup:
            yield _SETUP
        if self.conda:
            yield MAKE
        yield _LOCKED_REQUIREMENTS if self.locked else _REQUIREMENTS
        folders = {layer_of(path) for path in self.paths if "/" in path}
        if WHEELS in folders:
            yield _LOCKED_WHEELS if self.locked else _WHEELS
        if self.starts_with_more:
            yield _START
        yield "\n".join(self._copies(folders - {WHEELS}))
        yield self.start.end if not self.conda else self.start.end.replace('ENTRYPOINT ["', f'ENTRYPOINT ["{ACTIVATE}", "')

    def _variables(self) -> Iterator[str]:
        yield from _VARIABLES
        if self.conda:
            yield from VARIABLES
        if self.gpu:
            yield from _GPU
        if self.start.port is not None:
            yield f"PORT={self.start.port}"

    def _copies(self, folders: set[str]) -> Iterator[str]:
        for folder in sorted(folders, key=lambda name: (not name.startswith(MODELS), name)):
            yield f"COPY {BUNDLE}/{_checked(folder)} /{BUNDLE}/{folder}/"
        files = sorted({MANIFEST, *(path for path in self.paths if "/" not in path)})
        yield f"COPY {' '.join(f'{BUNDLE}/{_checked(name)}' for name in files)} /{BUNDLE}/"


def _checked(name: str) -> str:
    for part in name.split("/"):
        if not _NAME.fullmatch(part):
            raise PackerError(f"cannot write {name!r} to a Dockerfile: expected a name of letters, digits, '.', '_' and '-'")
    return name

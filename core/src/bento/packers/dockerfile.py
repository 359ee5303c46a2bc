"""The texts of a Docker build context, from values that are checked here once more: nothing is pasted as it came.

A Dockerfile's layers are ordered by how seldom they change: system packages, the setup script, requirements, wheels, models, code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import PackerError

if TYPE_CHECKING:
    from ..env import Env
    from ..tag import Tag

BUNDLE = "bundle"
MODELS = "artifacts"
REQUIREMENTS = "requirements.txt"
SETUP = "setup.sh"
WHEELS = "wheels"

IGNORED = f"""\
# Only what the Dockerfile copies goes to the builder.
*
!{BUNDLE}
!{REQUIREMENTS}
!{SETUP}
!{WHEELS}
"""

_MANIFEST = "bento.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_HEAD = """\
# {tag}: docker build --tag {tag} . && docker run --publish 3000:3000 {tag}
FROM {base_image}

ENV PYTHONUNBUFFERED=1 \\
    PYTHONDONTWRITEBYTECODE=1 \\
    PIP_DISABLE_PIP_VERSION_CHECK=1 \\
    PIP_ROOT_USER_ACTION=ignore \\
    PORT=3000

RUN useradd --create-home --uid 10001 bento"""

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
COPY {WHEELS} /opt/bento/{WHEELS}/
RUN python -m pip install --no-cache-dir --find-links /opt/bento/{WHEELS} \\
    --requirement /opt/bento/{REQUIREMENTS} --requirement /opt/bento/{WHEELS}/{REQUIREMENTS} /opt/bento/{WHEELS}/*.whl"""

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

    def text(self) -> str:
        """The Dockerfile."""
        return "\n\n".join(self._steps())

    def _steps(self) -> Iterator[str]:
        yield _HEAD.format(tag=self.tag, base_image=self.env.base_image)
        if self.env.apt:
            yield _APT.format(packages=" ".join(sorted(self.env.apt)))
        if self.env.setup:
            yield _SETUP
        yield _REQUIREMENTS
        if any(path.startswith(f"{WHEELS}/") for path in self.paths):
            yield _WHEELS
        yield "\n".join(self._copies())
        yield _TAIL

    def _copies(self) -> Iterator[str]:
        folders = {path.partition("/")[0] for path in self.paths if "/" in path}
        for folder in sorted(folders, key=lambda name: (name != MODELS, name)):
            yield f"COPY {BUNDLE}/{_checked(folder)} /{BUNDLE}/{folder}/"
        files = sorted({_MANIFEST, *(path for path in self.paths if "/" not in path)})
        yield f"COPY {' '.join(f'{BUNDLE}/{_checked(name)}' for name in files)} /{BUNDLE}/"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise PackerError(f"cannot write {name!r} to a Dockerfile: expected a name of letters, digits, '.', '_' and '-'")
    return name

"""Locking: the whole tree of what a bundle requires, with hashes, as uv resolves it.

The versions that are installed here are preferred, because the service was tried with them. Whichever index uv asks, the lock holds only
names, versions and hashes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...errors import RequirementError
from ...packers.lock import Locked, lock_text, parse_lock
from ..manifest.paths import WHEELS
from .closure import closure
from .indexes import index_settings

if TYPE_CHECKING:
    from ..installed.environment import Environment

_COMPILE: Final = (
    *("pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--strip-extras"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-build-options"),
)
# The characters with which uv draws a message of several lines.
_DRAWN: Final = re.compile("[\u00d7\u2500-\u257f\u25b6\n]+")
_UNREACHED: Final = ("Failed to fetch", "error sending request", "Could not connect")


def lock_tree(name: str, requirements: Sequence[str], environment: Environment, draft: Path, python: str | None) -> str:
    """The text of `requirements.lock` for the bundle that is written in `draft`, its wheels included.

    `python` is the Python version to lock for, if not this one. A missing uv, an index that does not answer, and requirements without a
    common solution are a RequirementError.
    """
    program = _find_uv()
    wheels = dict(_wheels(draft / WHEELS))
    with tempfile.TemporaryDirectory() as place:
        asked, out = Path(place, "requirements.in"), Path(place, "requirements.txt")
        asked.write_text("".join(f"{_with_wheel(line, wheels)}\n" for line in requirements), encoding="utf-8")
        # uv prefers the versions that its output file already has.
        installed = (each for each in closure(requirements, environment) if not each.is_local)
        out.write_text("".join(f"{each.name}=={each.version}\n" for each in installed), encoding="utf-8")
        version = ["--python-version", python] if python else []
        options, environ = index_settings()
        command = [program, *_COMPILE, *options, "--python", sys.executable, *version, str(asked), "--output-file", str(out)]
        done = subprocess.run(  # noqa: S603 - no shell reads it
            command, env={**environ, **os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RequirementError(_refusal(name, done.stderr))
        resolved = _resolved(name, out.read_text("utf-8"), wheels)
    own = {each: _locked(each, wheel) for each, wheel in wheels.items()}
    return lock_text({**resolved, **own}.values(), WHEELS if wheels else None)


def _find_uv() -> str:
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        program = shutil.which("uv")
        if program is None:
            raise RequirementError("a lock is made by uv, which is not installed: pip install 'bento-core[lock]'") from error
        return program


def _wheels(folder: Path) -> Iterator[tuple[str, Path]]:
    from packaging.utils import parse_wheel_filename

    for wheel in sorted(folder.glob("*.whl")):
        yield parse_wheel_filename(wheel.name)[0], wheel


def _with_wheel(line: str, wheels: Mapping[str, Path]) -> str:
    """A requirement's line, which points to the bundle's own wheel if there is one, so that no index is asked for that name."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    requirement = Requirement(line)
    wheel = wheels.get(canonicalize_name(requirement.name))
    if wheel is None:
        return line
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras} @ {wheel.absolute().as_uri()}" + (f" ; {requirement.marker}" if requirement.marker else "")


def _resolved(name: str, text: str, wheels: Mapping[str, Path]) -> dict[str, Locked]:
    """What uv has written, without the bundle's own wheels, which it lists as files."""
    entries = re.split(r"\n(?=\S)", text.strip())
    kept = [entry for entry in entries if re.split(r"[^a-z0-9-]", entry, maxsplit=1)[0] not in wheels]
    try:
        return parse_lock("\n".join(kept))
    except ValueError as error:
        raise RequirementError(
            f"cannot lock what {name!r} requires: {error}: is there a setting of uv that adds to what it writes?"
        ) from error


def _locked(name: str, wheel: Path) -> Locked:
    version = wheel.name.split("-")[1]
    return Locked(name, version, (hashlib.sha256(wheel.read_bytes()).hexdigest(),))


def _refusal(name: str, said: str) -> str:
    """Why there is no lock, in a sentence, and the way out."""
    reason = " ".join(_DRAWN.sub(" ", said).split()).removeprefix("error: ").replace(" cause:", ":")
    if any(sign in said for sign in _UNREACHED):
        return (
            f"cannot lock what {name!r} requires, because no package index answers: {reason}: "
            "name one that does, as in PIP_INDEX_URL=https://..."
        )
    return f"cannot lock what {name!r} requires: {reason or 'uv says nothing'}"

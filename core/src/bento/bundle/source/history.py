"""History: the Git commit of a service's code, without the names of its author and its remote."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..manifest.checks import FieldError
from ..manifest.entries import CodeEntry

if TYPE_CHECKING:
    from .home import Home


def describe_code(home: Home, files: Iterable[Path]) -> CodeEntry | None:
    """The commit of the project's repository, and whether the bundle's `files` are in it as they are now.

    None if there is no Git, no repository or no commit yet, and for an installed distribution, which has a version.
    """
    git = shutil.which("git")
    if home.owner is not None or git is None:
        return None
    commit, prefix = (_ask(git, home.root, "rev-parse", option) for option in ("HEAD", "--show-prefix"))
    if not commit or prefix is None:
        return None
    tracked = _names(_ask(git, home.root, "ls-files", "-z"))
    changed = _names(_ask(git, home.root, "diff", "--name-only", "--no-ext-diff", "--relative", "-z", "HEAD"))
    names = {file.relative_to(home.root).as_posix() for file in files}
    path = prefix.rstrip("\n") + home.file.relative_to(home.root).as_posix()
    try:
        return CodeEntry(commit=commit.strip(), dirty=not names <= tracked or bool(names & changed), path=path)
    except FieldError:
        return None  # the repository's folders have names that a manifest refuses


def _names(listed: str | None) -> set[str]:
    return set((listed or "").split("\0"))


def _ask(git: str, folder: Path, *arguments: str) -> str | None:
    """What Git says, None if it refuses; it writes nothing, and runs no program that a repository names."""
    command = [git, "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    done = subprocess.run(command, env=environ, capture_output=True, check=False)  # noqa: S603 - no shell reads it
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None

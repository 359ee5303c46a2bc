"""The peers' environments: one for each peer, made once, apart from the repository's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from .places import CACHE, ROOT

REQUIREMENTS: Mapping[str, tuple[str, ...]] = {
    "mosec": ("mosec>=0.9",),
    "bentoml": ("bentoml>=1.4,<2",),
    "fastapi": ("fastapi", "uvicorn[standard]"),
    "litserve": ("litserve",),
    # MLServer 1.7 asks for an event loop that newer uvloops do not make by themselves.
    "mlserver": ("mlserver", "uvloop<0.22"),
}
_SHARED = ("numpy", "scikit-learn")
_DONE = "installed"


class NotInstalled(Exception):
    """A peer cannot be installed: the package index does not have it, or not for this Python."""


def program(environment: str, name: str) -> Path:
    """A program of an environment, or of this process's own environment for an empty name."""
    return (CACHE / environment / "bin" if environment else Path(sys.executable).parent) / name


def install(environment: str) -> bool:
    """Make sure that an environment exists; returns whether it had to be made. If it cannot be made, NotInstalled says why."""
    if not environment or (CACHE / environment / _DONE).exists():
        return False
    # The models are to be the same everywhere, so the library that makes them is, too.
    shared = [f"{name}=={version(name)}" for name in _SHARED]
    CACHE.mkdir(exist_ok=True)
    log = CACHE / f"{environment}.log"
    pip = [str(program(environment, "python")), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    with log.open("w") as output:
        for command in (
            [sys.executable, "-m", "venv", str(CACHE / environment)],
            [*pip, *shared, *REQUIREMENTS[environment]],
        ):
            if subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode:
                raise NotInstalled(f"{environment} could not be installed: {log.relative_to(ROOT)} says why")
    (CACHE / environment / _DONE).touch()
    return True


def versions(environment: str) -> str:
    """The version of a peer that is installed, such as `mosec 0.9.8`."""
    name = next(iter(REQUIREMENTS[environment])).partition(">")[0]
    code = f"from importlib.metadata import version; print(version({name!r}))"
    found = subprocess.run([program(environment, "python"), "-c", code], capture_output=True, text=True, check=True)
    return f"{name} {found.stdout.strip()}"


def variables(**extra: str) -> dict[str, str]:
    """The environment variables that every subject runs with. They let Python compile modules once, as it does where a program is
    installed."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": str(ROOT),
        "BENTO_HOME": str(CACHE / "home"),
        "BENTOML_HOME": str(CACHE / "bentoml-home"),
        "BENTOML_DO_NOT_TRACK": "True",
        **extra,
    }

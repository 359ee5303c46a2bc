"""Real distributions, built and installed into environments of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = {path.name: path for path in [ROOT / "core", *(file.parent for file in sorted(ROOT.glob("plugins/*/pyproject.toml")))]}


@dataclass(frozen=True)
class Environment:
    """A virtual environment: everything that is installed here, but of bento only the wheels it is given."""

    folder: Path

    @property
    def site(self) -> Path:
        return next(self.folder.glob("lib/python*/site-packages"))

    def install(self, wheels: Iterable[Path]) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.folder), "install", "--quiet", "--no-deps", "--no-index"]
        subprocess.run([*pip, *map(str, wheels)], check=True)

    def run(self, program: str, *arguments: str, code: int = 0, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one of the environment's programs, from its own folder."""
        done = subprocess.run(
            [self.folder / "bin" / program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **settings},
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done


def is_ours(name: str) -> bool:
    return name.removeprefix("_editable_impl_").startswith("bento_") or name == "bento"


@pytest.fixture(scope="session")
def make_environment(tmp_path_factory) -> Callable[[Iterable[Path]], Environment]:
    def make(wheels: Iterable[Path]) -> Environment:
        environment = Environment(tmp_path_factory.mktemp("environment"))
        venv.create(environment.folder, symlinks=True)
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if not is_ours(path.name) and path.suffix != ".pth":
                (environment.site / path.name).symlink_to(path)
        environment.install(wheels)
        return environment

    return make


@pytest.fixture(scope="session")
def build(tmp_path_factory) -> Callable[..., list[Path]]:
    """Build a project folder's wheel, or, as `python -m build` does, its sdist and the wheel of that."""

    def build(folder: Path, *kinds: str) -> list[Path]:
        out = tmp_path_factory.mktemp("dist")
        arguments = ["--quiet", "--no-isolation", "--outdir", str(out), *(f"--{kind}" for kind in kinds), str(folder)]
        subprocess.run([sys.executable, "-m", "build", *arguments], check=True, capture_output=True)
        return sorted(out.iterdir())

    return build


@pytest.fixture(scope="session")
def distributions(build) -> Callable[[str], list[Path]]:
    """The sdist and the wheel of a distribution of this repository, by folder name; each is built when it is first asked for."""
    return cache(lambda name: build(PROJECTS[name]))


@pytest.fixture(scope="session")
def wheel(distributions) -> Callable[[str], Path]:
    return lambda name: next(path for path in distributions(name) if path.suffix == ".whl")

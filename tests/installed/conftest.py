"""Real distributions, built and installed into environments of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterable
from contextlib import chdir
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = {path.name: path for path in [ROOT / "core", *(file.parent for file in sorted(ROOT.glob("plugins/*/pyproject.toml")))]}


@dataclass(frozen=True)
class Environment:
    """A virtual environment: everything that is installed here, but of bento only the wheels it is given."""

    folder: Path
    mypy_cache: Path

    @property
    def site(self) -> Path:
        return next(self.folder.glob("lib/python*/site-packages"))

    @property
    def variables(self) -> dict[str, str]:
        """The variables of its programs. Environments share the caches of hypothesis and mypy, because their modules are the same."""
        kept = {name: os.environ[name] for name in ("PATH", "HYPOTHESIS_STORAGE_DIRECTORY")}
        return {**kept, "HOME": str(self.folder), "MYPY_CACHE_DIR": str(self.mypy_cache)}

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
            env={**self.variables, **settings},
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done


def is_ours(name: str) -> bool:
    return name.removeprefix("_editable_impl_").startswith("bento_") or name == "bento"


@pytest.fixture(scope="session")
def make_environment(tmp_path_factory) -> Callable[[Iterable[Path]], Environment]:
    # The results of mypy for the standard library and NumPy are the same in each environment and each process of pytest-xdist.
    shared = tmp_path_factory.getbasetemp()
    mypy_cache = (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "mypy-cache"

    def make(wheels: Iterable[Path]) -> Environment:
        environment = Environment(tmp_path_factory.mktemp("environment"), mypy_cache)
        venv.create(environment.folder, symlinks=True)
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if not is_ours(path.name) and path.suffix != ".pth":
                (environment.site / path.name).symlink_to(path)
        environment.install(wheels)
        return environment

    return make


@pytest.fixture(scope="session")
def build(tmp_path_factory) -> Callable[[Path], list[Path]]:
    """Build the wheel of a project folder, as its author would."""

    def build(folder: Path) -> list[Path]:
        out = tmp_path_factory.mktemp("dist")
        command = [sys.executable, "-m", "build", "--quiet", "--no-isolation", "--wheel", "--outdir", str(out), str(folder)]
        subprocess.run(command, check=True, capture_output=True)
        return sorted(out.iterdir())

    return build


@pytest.fixture(scope="session")
def distributions(tmp_path_factory) -> Callable[[str], list[Path]]:
    """The sdist and the wheel of that of a distribution of this repository, by folder name; each is built when it is first asked for.

    What a frontend asks of the backend, in a process for each step, is asked of it here: with all of them, that took most of the time.
    """

    def distributions(name: str) -> list[Path]:
        out, unpacked = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("unpacked")
        with chdir(PROJECTS[name]):
            sdist = out / build_sdist(str(out))
        shutil.unpack_archive(sdist, unpacked, filter="data")
        with chdir(unpacked / sdist.name.removesuffix(".tar.gz")):
            return [out / build_wheel(str(out)), sdist]

    return cache(distributions)


@pytest.fixture(scope="session")
def wheel(distributions) -> Callable[[str], Path]:
    return lambda name: next(path for path in distributions(name) if path.suffix == ".whl")

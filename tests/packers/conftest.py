"""A real bundle, an environment to install packed bundles into, and a server to ask."""

from __future__ import annotations

import http.client
import importlib
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from bento.bundle import Bundle
from bento.store import Store
from ports import reserved
from running import eventually

PREFIX = Path(sys.base_prefix)
LIBRARY = PREFIX / f"lib/python{sys.version_info.major}.{sys.version_info.minor}"
LEFT_OUT = {"site-packages", "test", "tests", "__pycache__", "idlelib", "tkinter", "ensurepip", "lib2to3"}
# The libraries that wheels may expect of a system, besides those that Python itself is linked with. Source: PEP 599.
MANYLINUX = ("pthread", "dl", "rt", "util", "m", "z", "gcc_s", "stdc++")

SOURCE = '''
import bento
from bento.adapters import JsonAdapter
from bento.artifacts import ArrayArtifact


class Scale(bento.Service):
    """Multiply by a number."""

    factor = ArrayArtifact()

    @bento.api(input=JsonAdapter())
    def multiply(self, value):
        return value * float(self.factor[0])
'''


@pytest.fixture(scope="session")
def scale(tmp_path_factory) -> Iterator[Bundle]:
    """The saved bundle `scale:1`, which doubles numbers; bento itself goes along in it as wheels."""
    project = tmp_path_factory.mktemp("project")
    (project / "scale_packed.py").write_text(SOURCE)
    sys.path.insert(0, str(project))
    try:
        service = importlib.import_module("scale_packed").Scale(factor=np.array([2.0]))
        yield Store(tmp_path_factory.mktemp("store")).save(service, version="1")
    finally:
        sys.path.remove(str(project))


@pytest.fixture(scope="session")
def from_wheelhouse(wheelhouse) -> dict[str, str]:
    """Variables that make pip use a local folder of wheels and no index, and skip compiling, because programs start only once."""
    return {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse), "PIP_COMPILE": "0"}


@pytest.fixture(scope="session")
def locked_scale(scale, from_wheelhouse, tmp_path_factory) -> Bundle:
    """The same bundle, `scale:1`, with a lock."""
    module = sys.modules["scale_packed"]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(module.__file__).parent)
        for name, value in from_wheelhouse.items():
            patch.setenv(name, value)
        return Store(tmp_path_factory.mktemp("locked")).save(module.Scale(factor=np.array([2.0])), version="1", lock=True)


class Environment:
    """A fresh virtual environment with everything that is installed here except bento, which the packed bundle has to bring."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        venv.create(folder, symlinks=True)
        (site,) = folder.glob("lib/python*/site-packages")
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            if not path.name.removeprefix("_editable_impl_").startswith("bento") and path.suffix != ".pth":
                (site / path.name).symlink_to(path)

    def install(self, *arguments: str | Path, cwd: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.folder), "install", "--quiet", "--no-index"]
        done = subprocess.run([*pip, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def variables(self, **others: str) -> dict[str, str]:
        """The variables of a process that finds this environment first."""
        return {"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.folder), **others}


@pytest.fixture
def environment(tmp_path) -> Environment:
    return Environment(tmp_path / "environment")


def ask(port: int, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def served(command: Sequence[str | Path], port: int, env: Mapping[str, str], cwd: Path, status: int = 0) -> Iterator[subprocess.Popen]:
    """A server that is ready on `port` inside the block, and ends with `status` after it was told to stop."""
    with subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert eventually(lambda: server.poll() is not None or _is_ready(port), 60)
            assert server.poll() is None, server.stdout.read()
            yield server
        finally:
            server.send_signal(signal.SIGTERM)
            output, _ = server.communicate(timeout=30)
        assert server.returncode == status, output


def _is_ready(port: int) -> bool:
    try:
        return ask(port, "/readyz")[0] == 200
    except (ConnectionError, http.client.HTTPException, TimeoutError):
        return False


@pytest.fixture
def port() -> Iterator[int]:
    with reserved() as (port,):
        yield port


@pytest.fixture
def serving() -> Callable:
    return served


@pytest.fixture
def asking() -> Callable:
    return ask


@pytest.fixture
def ready() -> Callable:
    """Wait until a server is ready on a port or has ended, and return whether it is ready."""

    def ready(server: subprocess.Popen, port: int) -> bool:
        return eventually(lambda: server.poll() is not None or _is_ready(port), 60) and server.poll() is None

    return ready


def libraries(*programs: Path) -> set[Path]:
    """The shared libraries that programs are linked with."""
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    return {Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}


def add_file(archive: tarfile.TarFile, path: Path, source: Path) -> None:
    with source.open("rb") as file:
        entry = tarfile.TarInfo(str(path).lstrip("/"))
        entry.size, entry.mode = source.stat().st_size, 0o755
        archive.addfile(entry, file)


@pytest.fixture(scope="session")
def root_tar(tmp_path_factory) -> Path:
    """A small file system of this machine's Python and shell, as a tar: the base that an image needs."""
    shell, python = Path("/bin/sh").resolve(), Path(sys.executable).resolve()
    sources = [path for path in LIBRARY.rglob("*") if path.is_file() and not LEFT_OUT & set(path.parts[len(LIBRARY.parts) :])]
    sources = [path for path in sources if not path.relative_to(LIBRARY).parts[0].startswith("config-")]
    binaries = [shell, python, *(path for path in sources if path.suffix == ".so")]
    shared = libraries(*binaries) | {
        path for name in MANYLINUX for path in Path("/usr/lib").glob(f"*/lib{name}.so.*") if path.suffix.removeprefix(".").isdigit()
    }
    out = tmp_path_factory.mktemp("base") / "root.tar"
    with tarfile.open(out, "w") as archive:
        for path in sorted({*sources, *shared, python}):
            add_file(archive, path, path)
        add_file(archive, Path("/bin/sh"), shell)
        entry = tarfile.TarInfo("usr/local/bin/python3")
        entry.type, entry.linkname = tarfile.SYMTYPE, str(python)
        archive.addfile(entry)
        entry = tarfile.TarInfo("tmp")
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(entry)
    return out


@pytest.fixture(scope="session")
def libraries_of() -> Callable[..., set[Path]]:
    return libraries

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

import storage
from bento.store import Store
from forking import programs
from storage import Elsewhere

if TYPE_CHECKING:
    from bento import Service

SOURCE = '''
import bento
from bento.artifacts import JsonArtifact, PickleArtifact


class Iris(bento.Service):
    """Tell an iris's species."""

    model = JsonArtifact()

    @bento.api
    def predict(self, row):
        return self.model["species"]


class Rose(Iris):
    extra = PickleArtifact()
'''


@pytest.fixture(scope="session")
def project(tmp_path_factory) -> Iterator[Path]:
    """A project with a module `meadow` that defines two services."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "meadow.py").write_text(SOURCE)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield folder
    sys.path.remove(str(folder))
    sys.modules.pop("meadow", None)


@pytest.fixture(scope="session")
def service(project) -> Service:
    return importlib.import_module("meadow").Iris(model={"species": "setosa"})


@pytest.fixture(scope="session")
def rose(project) -> Service:
    return importlib.import_module("meadow").Rose(model={"species": "rosa"}, extra=[1])


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def clock(monkeypatch) -> Callable[[int], None]:
    """Sets the time that bundles are saved at."""
    return lambda seconds: monkeypatch.setenv("SOURCE_DATE_EPOCH", str(seconds))


@pytest.fixture(scope="session")
def python() -> Iterator[Path]:
    """A Python that has imported the clients of remotes already, because importing them would take most of its time."""
    ours = ("bento.bundle.save", "bento.store.remotes.remote", "bento.store.remotes.transfer")
    others = ("adlfs", "gcsfs", "numpy", "paramiko", "s3fs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # gcsfs reads it on import
        with programs([*ours, *filter(find_spec, others)]) as folder:
            yield folder / "python"


@pytest.fixture
def run(project, store, python) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Runs Python code beside the test, with a `store` and a `service`; lines go in and out."""
    before = f"import os, sys, warnings; warnings.simplefilter('error'); sys.path.insert(0, {str(project)!r})\n"
    before += "from pathlib import Path\nfrom bento.store import Store\n"
    before += f"import meadow\nservice = meadow.Iris(model={{'species': 'setosa'}})\nstore = Store(Path({str(store.root)!r}))\n"
    started = []

    def start(code: str) -> subprocess.Popen[str]:
        command = [python, "-c", before + code]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder of an ordinary user, to whom file modes apply; during the test, root becomes one."""
    user = os.geteuid()
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        os.seteuid(65534 if user == 0 else user)
        try:
            (Path(folder) / "home").mkdir()
            yield Path(folder) / "home"
        finally:
            os.seteuid(user)


def served(start: Callable[[Path], AbstractContextManager[Elsewhere]]) -> object:
    """Make a fixture of a server that runs as long as any test may use it."""

    @pytest.fixture(scope="session", name=start.__name__)
    def running(tmp_path_factory) -> Iterator[Elsewhere]:
        with start(tmp_path_factory.mktemp(start.__name__)) as elsewhere:
            yield elsewhere

    return running


azurite, docker_registry, fake_gcs, moto = map(served, (storage.azurite, storage.docker_registry, storage.fake_gcs, storage.moto))
seaweedfs, sftp, small_registry = map(served, (storage.seaweedfs, storage.sftp, storage.small_registry))


@pytest.fixture
def start_registry(tmp_path) -> Iterator[Callable[[str], str]]:
    """Starts a registry that behaves as asked while the test runs, and returns its URL."""
    with ExitStack() as stack:
        yield lambda behaviour: stack.enter_context(storage.small_registry(tmp_path, behaviour)).url


@pytest.fixture(params=["file", "moto", "seaweedfs", "fake_gcs", "azurite", "sftp", "small_registry", "docker_registry"])
def elsewhere(request, tmp_path, monkeypatch) -> Iterator[str]:
    """The URL of an empty remote that can be reached."""
    if request.param == "file":
        yield f"file://{tmp_path}/elsewhere%20/remote"
        return
    place = request.getfixturevalue(request.param)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    yield f"{place.url}/{tmp_path.name}/remote"
    end_threads()


def end_threads() -> None:
    """Close unused connections, and end the thread of fsspec that would close them, so that other tests do not find it."""
    from fsspec import asyn

    # adlfs keeps its connections open until the process ends.
    for each in [each for each in weakref.finalize._registry if each.peek()[1] is asyn.sync]:
        each()
    gc.collect()
    if asyn.loop[0] is not None:
        asyncio.run_coroutine_threadsafe(_settle(), asyn.loop[0]).result()
        asyn.loop[0].call_soon_threadsafe(asyn.loop[0].stop)
        asyn.iothread[0].join()
        asyn.loop[0].close()
        asyn.loop[0] = asyn.iothread[0] = None


async def _settle() -> None:
    """Wait for the unfinished work of a loop, and close the connections that are still open."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)
    for transport in list(asyncio.get_running_loop()._transports.values()):
        transport.abort()
    await asyncio.sleep(0)

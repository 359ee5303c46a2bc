from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from bento.store import Store

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


@pytest.fixture
def run(project, store) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Runs Python code beside the test, with a `store` and a `service`; lines go in and out."""
    before = f"import os, sys; sys.path.insert(0, {str(project)!r})\nfrom pathlib import Path\nfrom bento.store import Store\n"
    before += f"import meadow\nservice = meadow.Iris(model={{'species': 'setosa'}})\nstore = Store(Path({str(store.root)!r}))\n"
    started = []

    def start(code: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", "-c", before + code]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder of an ordinary user, whom modes mean something to; root is one for as long as the test runs."""
    user = os.geteuid()
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        os.seteuid(65534 if user == 0 else user)
        try:
            (Path(folder) / "home").mkdir()
            yield Path(folder) / "home"
        finally:
            os.seteuid(user)

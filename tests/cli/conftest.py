"""The command line on a store with real bundles, saved by a real script."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bento.cli import bento as command_line
from commands import BENTO
from imports import forgetting

SHOP = '''
"""A shop."""

import bento
from bento.adapters import ArrayAdapter, BytesAdapter, JsonAdapter, TextAdapter
from bento.artifacts import JsonArtifact


class Shop(bento.Service):
    """Tell what things cost."""

    prices = JsonArtifact()

    def setup(self):
        self.factor = 1

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def price(self, name):
        """Give the price of one thing."""
        if name not in self.prices:
            raise bento.InvalidInput(f"no price for {name!r}")
        return self.prices[name] * self.factor

    @bento.api(input=TextAdapter(), output=TextAdapter(), timeout=5)
    def shout(self, text):
        return text.upper()

    @bento.api(input=ArrayAdapter(shape=(None, 2), dtype="float64"), output=ArrayAdapter(), batch=bento.Batch(size=16))
    def double(self, rows):
        return rows * 2

    @bento.api(input=BytesAdapter(), output=BytesAdapter())
    def echo(self, data):
        return data

    @bento.api(input=JsonAdapter())
    def count(self, end):
        yield from range(end)

    @bento.api(input=JsonAdapter())
    def crash(self, value):
        raise KeyError("the inside")


service = Shop(prices=bento.Packed({"tea": 3, "cake": 5}, metadata={"currency": "EUR"}))

if __name__ == "__main__":
    bento.save(service, version="1")
    bento.save(service, version="2", labels={"team": "kitchen"})
'''


@pytest.fixture(scope="session")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "shop.py").write_text(SHOP)
    return folder


@pytest.fixture(scope="session")
def saved(project, tmp_path_factory) -> Path:
    """A store that holds shop:1 and shop:2."""
    home = tmp_path_factory.mktemp("saved") / "store"
    subprocess.run([sys.executable, "shop.py"], cwd=project, env={**os.environ, "BENTO_HOME": str(home)}, check=True)
    return home


@pytest.fixture(autouse=True)
def _forget(tmp_path_factory, monkeypatch) -> Iterator[None]:
    """Undo the imports of a command, because each command is a process of its own, but here they share one."""
    with forgetting(tmp_path_factory.getbasetemp(), monkeypatch):
        yield


@pytest.fixture
def home(saved, tmp_path, monkeypatch) -> Path:
    """A separate store for the test, with the same bundles."""
    folder = tmp_path / "home"
    shutil.copytree(saved, folder)
    monkeypatch.setenv("BENTO_HOME", str(folder))
    return folder


@pytest.fixture
def bento(home, tmp_path, monkeypatch):
    """Run `bento` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def bento(*arguments: str | Path, code: int = 0, input: str | bytes | None = None):
        done = CliRunner().invoke(command_line, [str(argument) for argument in arguments], input=input, prog_name="bento")
        assert done.exit_code == code, done.output
        return done

    return bento


@pytest.fixture
def bento_process(home, tmp_path):
    """Run `bento` as a user does."""

    def bento_process(*arguments: str | Path, cwd: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BENTO, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, check=False)

    return bento_process


@pytest.fixture
def remote(tmp_path) -> str:
    return f"file://{tmp_path}/remote"


@pytest.fixture
def other(tmp_path) -> Path:
    """The store of another machine."""
    return tmp_path / "other"

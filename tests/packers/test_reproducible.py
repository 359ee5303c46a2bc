"""The same inputs give the same bytes: saved and packed bundles do not depend on where, when and by whom they were made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from reproduce import SHIFT, differences

SHOP = '''
import bento
import numpy as np
from bento.adapters import JsonAdapter
from bento.artifacts import ArrayArtifact, JsonArtifact

from goods import NAMES
from goods.prices import price


class Shop(bento.Service):
    """Tell what things cost."""

    env = bento.Env(python=["orjson"], apt=["libgomp1", "curl"], requirements_txt="needs.txt")
    prices = JsonArtifact()
    factors = ArrayArtifact()

    @bento.api(input=JsonAdapter())
    def total(self, names: list[str]) -> float:
        return sum(price(self.prices, name) for name in names) * float(self.factors[0])


service = Shop(prices={name: len(name) for name in NAMES}, factors=np.arange(3.0))

if __name__ == "__main__":
    labels = {"team": "kitchen", "stage": "live"}
    bento.save(service, version="1", labels=labels, examples=[bento.Example("total", ["tea"])], lock=True)
'''


@pytest.fixture(autouse=True)
def index(from_wheelhouse, monkeypatch):
    """Locks are resolved from a folder of wheels."""
    for name, value in from_wheelhouse.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "given"
    (folder / "goods/data").mkdir(parents=True)
    (folder / "shop.py").write_text(SHOP)
    (folder / "needs.txt").write_text("packaging\nclick\n")
    (folder / "goods/__init__.py").write_text('NAMES = ["tea", "cake"]\n')
    (folder / "goods/prices.py").write_text("def price(prices, name):\n    return prices[name]\n")
    (folder / "goods/data/names.txt").write_text("tea\n")
    return folder


def test_the_same_service_gives_the_same_bytes_wherever_it_is_saved_and_packed(project, tmp_path):
    assert differences(project, "shop.py", tmp_path) == []


LEAKS = {"user": 'os.environ["USER"]', "month": 'time.strftime("%Y-%m")', "uid": "str(os.getuid())"}


def test_differences_between_bundles_are_found(project, tmp_path):
    leaks = ", ".join(f'"{name}": {leak}' for name, leak in LEAKS.items())
    (project / "shop.py").write_text("import os, time\n" + SHOP.replace('"stage": "live"', leaks))
    different = differences(project, "shop.py", tmp_path, ["archive", "folder"])
    assert {"bundle/1/bento.json", "packed/archive", "packed/folder/bento.json"} <= set(different)
    assert "bundle/1/src/shop.py" not in different
    one, other = (json.loads(path.read_text())["labels"] for path in sorted(tmp_path.rglob("bundles/shop/1/bento.json")))
    root = os.geteuid() == 0 and shutil.which("setpriv")  # root can start processes of another user
    assert {name for name in one if one[name] != other[name]} == ({*LEAKS} if root else {"user", "month"})


@pytest.mark.parametrize("use", ["datetime.datetime.now()", "datetime.datetime.now(datetime.UTC)", "datetime.date.today()"])
def test_a_shifted_clock_is_seen_through_every_function_that_tells_the_time(use, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(SHIFT.format(clock=400 * 86_400))
    compiled = "import pandas; " if find_spec("pandas") else ""  # its compiled modules read dates directly from memory
    code = f"{compiled}import datetime, time; print({use}.year - time.gmtime(time.time() - 400 * 86_400).tm_year)"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, check=True)
    assert int(done.stdout) >= 1

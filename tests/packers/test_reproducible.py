"""Same inputs, same bytes: what is saved and packed does not tell where, when and by whom."""

from __future__ import annotations

import os
import shutil

import pytest

from reproduce import differences

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
def index(wheelhouse, monkeypatch):
    """What is locked is asked of a folder of wheels."""
    for name, value in {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheelhouse)}.items():
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


@pytest.mark.parametrize(
    "leak", ['__import__("os").environ["USER"]', '__import__("time").strftime("%Y-%m")', 'str(__import__("os").getuid())']
)
def test_a_difference_is_found_where_there_is_one(project, tmp_path, leak):
    if "getuid" in leak and (os.geteuid() != 0 or not shutil.which("setpriv")):
        pytest.skip("needs to be root, and setpriv, to start processes of another user")
    (project / "shop.py").write_text(SHOP.replace('"live"', leak))
    different = differences(project, "shop.py", tmp_path, ["archive", "folder"])
    assert {"bundle/1/bento.json", "packed/archive", "packed/folder/bento.json"} <= set(different)
    assert "bundle/1/src/shop.py" not in different

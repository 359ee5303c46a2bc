"""What `import bento` offers, and what it costs."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

import bento
import bento.adapters
import bento.artifacts
import bento.packers
import bento.testing

FACES = [bento, bento.adapters, bento.artifacts, bento.packers, bento.testing, bento.testing.strategies]
HEAVY = {
    "asyncio",
    "click",
    "httptools",
    "importlib_metadata",
    "msgpack",
    "numpy",
    "orjson",
    "packaging",
    "prometheus_client",
    "starlette",
    "uvicorn",
    "uvloop",
}


def run(code: str) -> str:
    # Measuring coverage would load more and take longer.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("module", FACES, ids=lambda module: module.__name__)
def test_what_a_public_module_offers_is_sorted_and_named_once(module):
    assert sorted(set(module.__all__), key=lambda name: (not name.isupper(), name)) == list(module.__all__)


@pytest.mark.parametrize("module", FACES, ids=lambda module: module.__name__)
def test_everything_a_public_module_offers_is_there_and_documented(module):
    undocumented = [name for name in module.__all__ if name != "__version__" and not inspect.getdoc(getattr(module, name))]
    assert undocumented == []


@pytest.mark.parametrize("module", FACES, ids=lambda module: module.__name__)
def test_a_public_module_hides_no_public_name(module):
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name not in ("annotations", "TYPE_CHECKING")
    }
    assert public - set(module.__all__) == set()


@pytest.mark.parametrize("name", bento.__all__)
def test_every_name_can_be_imported_first(name):
    namespace: dict[str, object] = {}
    exec(f"from bento import {name}", namespace)
    assert namespace[name] is getattr(bento, name)


def test_dir_lists_what_is_offered():
    assert dir(bento) == sorted(bento.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'bento' has no attribute 'magic'"):
        bento.magic  # noqa: B018


def test_the_version_is_that_of_the_distribution():
    assert bento.__version__ == version("bento-core")


@pytest.mark.parametrize("statement", ["import bento", "import bento, bento.registry; bento.registry.Registry()"])
def test_importing_bento_loads_nothing_heavy(statement):
    loaded = run(f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})").split()
    assert HEAVY & set(loaded) == set()


def test_importing_bento_costs_less_than_importing_asyncio_twice():
    """Both are timed in turn, each in separate processes, and the best times count, because the speed of a machine drifts."""
    timed = "import time; start = time.process_time(); import {}; print(time.process_time() - start)"
    pairs = [[float(run(timed.format(module))) for module in ("bento", "asyncio")] for _ in range(5)]
    ours, theirs = map(min, zip(*pairs, strict=True))
    assert ours < 2 * theirs

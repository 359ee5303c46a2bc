"""What every test here runs under."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["bento.pytest_plugin"]

# Examples are not timed: the machine may be busy. Under CI hypothesis picks its own profile, which does not time them either.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", settings.get_profile("unhurried"), max_examples=10_000)
if chosen := os.environ.get("HYPOTHESIS_PROFILE"):
    settings.load_profile(chosen)
elif not os.environ.get("CI"):
    settings.load_profile("unhurried")

# Variables that change what bento does by itself; BENTO_HOME, which says where the store is, stays.
for name in ("BENTO_DISABLE_PLUGINS", "BENTO_MAX_BUNDLE", "BENTO_REMOTE_TIMEOUT", "BENTO_TRUSTED_KEYS", "SOURCE_DATE_EPOCH"):
    os.environ.pop(name, None)

ROOT = Path(__file__).parent
# Hypothesis's analysis of our modules takes longer than most tests, so processes that run in other folders share it.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".hypothesis"))
# The longest files of tests, longest first. One process runs a whole file, so a long file must not begin when the others are done.
FIRST = ("docs/test_pages.py", "test_benchmarks.py", "pressure", "store", "property", "packers", "installed", "test_examples.py")
LONG = [ROOT / "tests" / place for place in (*FIRST, "testing", "security", "serving")]


def pytest_collection_finish() -> None:
    """Exempt all objects that exist by now from garbage collection: a search through six thousand tests takes a quarter of a second."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests go first; the short form of a plugin's suite has the kit's tests of one class for each artifact, adapter and packer."""
    items.sort(key=_turn)
    kits = sys.modules.get("bento.testing._kit")
    first: dict[type, type] = {}
    for item in items:
        tests = getattr(item, "cls", None)
        if kits and isinstance(tests, type) and issubclass(tests, kits.Kit) and first.setdefault(_tested(tests), tests) is tests:
            item.add_marker("brief")


def _turn(item: pytest.Item) -> int:
    return next((turn for turn, place in enumerate(LONG) if item.path.is_relative_to(place)), len(LONG))


def _tested(tests: type) -> type:
    """The class of the artifact, adapter or packer that a kit's class tests; a class that tests a service counts for itself."""
    return next((type(getattr(tests, kind)) for kind in ("artifact", "adapter", "packer") if hasattr(tests, kind)), tests)

"""What every test here runs under."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["bento.pytest_plugin"]

# Examples are not timed: the machine may be busy. Under CI hypothesis picks its own profile, which does not time them either.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if not os.environ.get("CI"):
    settings.load_profile("unhurried")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of the kits are the short form of a plugin's suite."""
    kits = sys.modules.get("bento.testing._kit")
    for item in items:
        tests = getattr(item, "cls", None)
        if kits and isinstance(tests, type) and issubclass(tests, kits.Kit):
            item.add_marker("brief")

"""What bento adds to pytest: a test of a kit that leaves a thread, an open file or a process behind has failed.

pytest loads this module in every run where bento is installed, so it imports nothing, and looks only at the tests of a kit, and at those
that are marked with `@pytest.mark.bento_no_leaks`.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing._kit import Kit

MARKER = "bento_no_leaks"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers", f"{MARKER}(lasting=()): fail if the test leaves a thread, an open file or a process behind, but for those named"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Watch a test that must leave nothing behind."""
    __tracebackhide__ = True
    lasting = _lasting(item)
    if lasting is None:
        return (yield)
    from .testing._leaks import no_leaks

    with no_leaks(lasting):
        return (yield)


def _lasting(item: pytest.Item) -> Collection[str] | None:
    """What may be left when this test is over; None for a test that is not watched."""
    if marker := item.get_closest_marker(MARKER):
        return tuple(marker.kwargs.get("lasting", ()))
    kits = sys.modules.get("bento.testing._kit")  # without it, no test is a kit's
    kit: type[Kit] | None = getattr(kits, "Kit", None)
    tests = getattr(item, "cls", None)
    return tests.lasting if kit and isinstance(tests, type) and issubclass(tests, kit) else None

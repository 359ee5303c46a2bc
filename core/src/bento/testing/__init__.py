"""Test kits for plugins: subclass one, say what to test, and every test it owes its users comes along.

    from bento.testing import AdapterTests

    class TestThingAdapter(AdapterTests):
        adapter = ThingAdapter()

        def values(self):
            return [Thing(1), Thing(2)]

A test of a kit that cannot hold is replaced with `override(reason=...)` or left out with `leave_out(reason=...)`; without a reason
the class is refused. `check(TestThingAdapter)` runs a kit without a test runner, and `bento plugins NAME --check` those of an installed
plugin. Values to test with are drawn from `bento.testing.strategies`. Needs the extra: `pip install 'bento-core[testing]'`.
"""

from . import strategies
from ._check import Check, check, run_checks
from ._kit import leave_out, override
from .adapter import AdapterTests
from .artifact import ArtifactTests
from .packer import PackerTests
from .service import ServiceTests

__all__ = [
    "AdapterTests",
    "ArtifactTests",
    "Check",
    "PackerTests",
    "ServiceTests",
    "check",
    "leave_out",
    "override",
    "run_checks",
    "strategies",
]

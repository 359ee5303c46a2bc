"""Test kits for plugins: subclass a kit, say what to test, and you get every test that a good plugin passes.

    from bento.testing import AdapterTests

    class TestThingAdapter(AdapterTests):
        adapter = ThingAdapter()

        def values(self):
            return [Thing(1), Thing(2)]

If a test of the kit cannot hold for your plugin, replace it with `override(reason=...)` or leave it out with `leave_out(reason=...)`. A
class that replaces a test without a reason is refused. `check(TestThingAdapter)` runs a kit without a test runner, and
`bento plugins NAME --check` runs the kits of an installed plugin. `bento.testing.strategies` has hypothesis strategies for test values.
The kits need an extra: `pip install 'bento-core[testing]'`.
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

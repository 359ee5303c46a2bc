"""Test kits for plugins: subclass one, say what to test, and every test it owes its users comes along.

    from bento.testing import AdapterTests

    class TestThingAdapter(AdapterTests):
        adapter = ThingAdapter()

        def values(self):
            return [Thing(1), Thing(2)]

A test of a kit that cannot hold is replaced with `override(reason=...)` or left out with `leave_out(reason=...)`; without a reason
the class is refused. `check(TestThingAdapter)` runs a kit without a test runner. Needs the extra: `pip install 'bento-core[testing]'`.
"""

from ._kit import check, leave_out, override
from .adapter import AdapterTests
from .artifact import ArtifactTests
from .packer import PackerTests

__all__ = ["AdapterTests", "ArtifactTests", "PackerTests", "check", "leave_out", "override"]

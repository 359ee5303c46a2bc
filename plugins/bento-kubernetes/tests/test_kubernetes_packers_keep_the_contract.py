"""The packers keep what every packer promises: the kit's tests, as `bento plugins kubernetes --check` runs them."""

from __future__ import annotations

from bento_kubernetes.checks import TestKnativePacker, TestKservePacker, TestKubernetesPacker

__all__ = ["TestKnativePacker", "TestKservePacker", "TestKubernetesPacker"]

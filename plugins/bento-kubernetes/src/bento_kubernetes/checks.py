"""The tests of `bento plugins kubernetes --check`: the kit's tests for each of the packers."""

from __future__ import annotations

from bento.testing import PackerTests

from .knative import KnativePacker
from .kserve import KservePacker
from .kubernetes import KubernetesPacker

_IMAGE = "registry.example.org/sums:1"


class TestKubernetesPacker(PackerTests):
    """A Deployment, a Service and an autoscaler."""

    packer = KubernetesPacker(image=_IMAGE, max_replicas=3)


class TestKservePacker(PackerTests):
    """An InferenceService."""

    packer = KservePacker(image=_IMAGE)


class TestKnativePacker(PackerTests):
    """A Service of Knative."""

    packer = KnativePacker(image=_IMAGE, replicas=0)

"""Manifests for Kubernetes, KServe and Knative: a bundle becomes a folder with an image to build and a file for `kubectl apply`.

`KubernetesPacker` writes a Deployment, a Service and, on request, a HorizontalPodAutoscaler; `KservePacker` an InferenceService;
`KnativePacker` a Service of Knative. They share their options and the definition of the container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import bento

from .knative import KnativePacker
from .kserve import KservePacker
from .kubernetes import KubernetesPacker

if TYPE_CHECKING:
    from bento import Packer

__all__ = ["KnativePacker", "KservePacker", "KubernetesPacker"]


@bento.hookimpl
def bento_register_packers() -> list[type[Packer]]:
    """The packers of this plugin."""
    return [KnativePacker, KservePacker, KubernetesPacker]

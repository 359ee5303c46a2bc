"""KnativePacker: a bundle that runs on demand. Source: the Knative Serving API, serving.knative.dev/v1, and its field masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from bento import PackerError

from .packer import ManifestPacker

if TYPE_CHECKING:
    from .pod import Pod

# The ports that Knative's own containers in the pod listen on. Source: knative.dev/networking, the constants of its API.
_TAKEN = frozenset({8008, 8012, 8013, 8022, 9090, 9091})


class KnativePacker(ManifestPacker):
    """Pack a bundle for Knative: a Service that runs as many pods as its requests need. With `replicas=0`, no pod runs without requests.

    Knative stops sending requests to a pod before it tells the server in it to stop.
    """

    name = "knative"
    summary = "a folder with an image to build and a Service of Knative"
    fewest: ClassVar[int] = 0

    def objects(self, pod: Pod) -> list[dict[str, Any]]:
        if pod.options.port in _TAKEN:
            raise PackerError(f"KnativePacker(port={pod.options.port}): Knative listens there itself, expected another port like 3000")
        most = {"autoscaling.knative.dev/max-scale": str(pod.options.max_replicas)} if pod.options.max_replicas else {}
        scale = {"autoscaling.knative.dev/min-scale": str(pod.options.replicas), **most}
        template = {"metadata": {"labels": pod.labels(), "annotations": {**scale, **pod.annotations()}}, "spec": pod.spec(_container(pod))}
        return [
            {
                "apiVersion": "serving.knative.dev/v1",
                "kind": "Service",
                "metadata": pod.metadata(),
                "spec": {"template": template},
            }
        ]


def _container(pod: Pod) -> dict[str, Any]:
    """The container. Its probes name no port, because Knative sets it to the container's only port and allows no other."""
    container = pod.container("bento")
    probes = {
        name: {**container[name], "httpGet": {"path": container[name]["httpGet"]["path"]}} for name in ("readinessProbe", "livenessProbe")
    }
    return {**container, **probes}

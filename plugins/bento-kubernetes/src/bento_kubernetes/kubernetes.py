"""KubernetesPacker: objects that any Kubernetes cluster can run. Source: the Kubernetes API, apps/v1, core/v1 and autoscaling/v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .packer import ManifestPacker

if TYPE_CHECKING:
    from .pod import Pod

_BUSY = 80


class KubernetesPacker(ManifestPacker):
    """Pack a bundle for `kubectl apply`: a Deployment, a Service on port 80 and, with `max_replicas`, a HorizontalPodAutoscaler.

    The autoscaler aims at 80 % processor load of the pods. When a pod stops, it is removed from the Service before its server is told to
    stop, and the server then has time to finish open requests.
    """

    name = "kubernetes"
    summary = "a folder with an image to build and manifests for `kubectl apply`"

    def objects(self, pod: Pod) -> list[dict[str, Any]]:
        scaler = [_scaler(pod)] if self.options.max_replicas else []
        return [_deployment(pod), _service(pod), *scaler]


def _deployment(pod: Pod) -> dict[str, Any]:
    # A number here would override the autoscaler's whenever the manifest is applied.
    replicas = {} if pod.options.max_replicas else {"replicas": pod.options.replicas}
    template = {"metadata": {"labels": pod.labels(), "annotations": pod.annotations()}, "spec": pod.drained_spec("bento")}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": pod.metadata(),
        "spec": {**replicas, "selector": {"matchLabels": pod.selector()}, "template": template},
    }


def _service(pod: Pod) -> dict[str, Any]:
    port = {"name": "http", "port": 80, "targetPort": pod.options.port}
    return {"apiVersion": "v1", "kind": "Service", "metadata": pod.metadata(), "spec": {"selector": pod.selector(), "ports": [port]}}


def _scaler(pod: Pod) -> dict[str, Any]:
    busy = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": _BUSY}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": pod.metadata(),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": pod.name},
            "minReplicas": pod.options.replicas,
            "maxReplicas": pod.options.max_replicas,
            "metrics": [{"type": "Resource", "resource": busy}],
        },
    }

"""KservePacker: a bundle as a model of KServe, in a container of its own. Source: the KServe API, serving.kserve.io/v1beta1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .packer import ManifestPacker

if TYPE_CHECKING:
    from .pod import Pod

# The mode in which KServe makes a Deployment and not a Knative Service, by the name that releases before and after 0.16 understand.
_MODE = {"serving.kserve.io/deploymentMode": "RawDeployment"}


class KservePacker(ManifestPacker):
    """Pack a bundle for KServe: an InferenceService whose predictor is a Deployment, which KServe scales up to `max_replicas`.

    The server keeps bento's own API, such as `POST /predict`; it does not speak KServe's protocol.
    """

    name = "kserve"
    summary = "a folder with an image to build and an InferenceService of KServe"

    def objects(self, pod: Pod) -> list[dict[str, Any]]:
        predictor = {
            "minReplicas": pod.options.replicas,
            "maxReplicas": pod.options.max_replicas or pod.options.replicas,
            "labels": pod.labels(),
            "annotations": pod.annotations(),
            **pod.drained_spec("kserve-container"),
        }
        return [
            {
                "apiVersion": "serving.kserve.io/v1beta1",
                "kind": "InferenceService",
                "metadata": pod.metadata(annotations=_MODE),
                "spec": {"predictor": predictor},
            }
        ]

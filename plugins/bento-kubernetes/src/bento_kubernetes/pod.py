"""The pod that serves a bundle, whichever object runs it. Source: the Kubernetes API, Pod v1 core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bento import PackerError

if TYPE_CHECKING:
    from bento import Tag

    from .options import Options

GRACE = 30
"""In seconds: how long open requests may take after a server is told to stop (`bento serve --grace`)."""
DELAY = 5
"""In seconds: how long a stopping pod goes on serving before its server is told to stop, until all proxies know that it stops."""
MARGIN = 5
"""In seconds: how long a server may take to end after its grace period."""

_BUNDLE = "/bundle"
# Knative allows no volume at /tmp.
_SCRATCH = "/scratch"
_USER = 10001
# Controllers append up to 13 characters to a name, and a DNS name has at most 63.
_LONGEST_NAME = 50
_LONGEST_LABEL = 63


@dataclass(frozen=True, slots=True)
class Pod:
    """The pods of one bundle."""

    tag: Tag
    options: Options

    @property
    def name(self) -> str:
        """The name of the objects: the bundle's name as a DNS name, without dots and underscores."""
        name = self.tag.name.replace(".", "-").replace("_", "-")
        if not name[0].isalpha() or len(name) > _LONGEST_NAME:
            raise PackerError(
                f"cannot name a service of Kubernetes {name!r}: expected at most {_LONGEST_NAME} letters, digits and '-', "
                "a letter first: save the bundle under another name"
            )
        return name

    def metadata(self, **more: object) -> dict[str, Any]:
        """The metadata of an object."""
        namespace = {"namespace": self.options.namespace} if self.options.namespace else {}
        return {"name": self.name, **namespace, "labels": self.labels(), **more}

    def selector(self) -> dict[str, str]:
        """The label that stays the same when another version replaces this one."""
        return {"app.kubernetes.io/name": self.name}

    def labels(self) -> dict[str, str]:
        """The recommended labels. A version that is too long for a label is cut. Source: Kubernetes, "Recommended Labels"."""
        version = self.tag.version[:_LONGEST_LABEL].rstrip("._-")
        return {**self.selector(), "app.kubernetes.io/version": version, "app.kubernetes.io/managed-by": "bento"}

    def annotations(self) -> dict[str, str]:
        """The annotations by which common configurations of Prometheus find the metrics."""
        return {"prometheus.io/scrape": "true", "prometheus.io/port": str(self.options.port), "prometheus.io/path": "/metrics"}

    def drained_spec(self, container: str) -> dict[str, Any]:
        """The pod's spec, for objects that do not themselves make sure that no request is lost when a pod stops."""
        # A command, because many clusters are older than the `sleep` action.
        stop = {"preStop": {"exec": {"command": ["sleep", str(DELAY)]}}}
        server = {
            **self.container(container),
            "startupProbe": self._probe("/livez", periodSeconds=2, failureThreshold=150),
            "lifecycle": stop,
        }
        return {
            "terminationGracePeriodSeconds": DELAY + GRACE + MARGIN,
            "automountServiceAccountToken": False,
            **self.spec(server),
        }

    def spec(self, container: dict[str, Any]) -> dict[str, Any]:
        """The pod's spec, with a volume for temporary files, because the root file system is read-only."""
        return {"enableServiceLinks": False, "containers": [container], "volumes": [{"name": "scratch", "emptyDir": {}}]}

    def container(self, name: str) -> dict[str, Any]:
        """The container of the server. Its probes use the same port as the requests."""
        port = self.options.port
        serve = ["python3", "-m", "bento", "serve", _BUNDLE, "--trust", "--host", "0.0.0.0"]  # noqa: S104 - in the pod's own network
        return {
            "name": name,
            "image": self.options.image,
            "command": [*serve, "--port", str(port), "--grace", str(GRACE)],
            "env": [{"name": "HOME", "value": _SCRATCH}, {"name": "TMPDIR", "value": _SCRATCH}],
            "ports": [{"containerPort": port}],
            "readinessProbe": self._probe("/readyz", periodSeconds=5, failureThreshold=2),
            "livenessProbe": self._probe("/livez", periodSeconds=10, failureThreshold=6),
            "resources": self._resources(),
            "securityContext": _security(),
            "volumeMounts": [{"name": "scratch", "mountPath": _SCRATCH}],
        }

    def _probe(self, path: str, **times: int) -> dict[str, Any]:
        return {"httpGet": {"path": path, "port": self.options.port}, "timeoutSeconds": 5, **times}

    def _resources(self) -> dict[str, Any]:
        """The resources, without a CPU limit, because a server that is throttled in the middle of a batch delays all requests in it."""
        gpus = {"nvidia.com/gpu": str(self.options.gpu)} if self.options.gpu else {}
        return {"requests": {"cpu": self.options.cpu, "memory": self.options.memory}, "limits": {"memory": self.options.memory, **gpus}}


def _security() -> dict[str, Any]:
    """The security context of the container, where Knative allows it, too. Source: Kubernetes, "Pod Security Standards", Restricted."""
    return {
        "runAsNonRoot": True,
        "runAsUser": _USER,
        "runAsGroup": _USER,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }

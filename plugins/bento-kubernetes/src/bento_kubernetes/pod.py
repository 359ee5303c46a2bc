"""What a pod that serves a bundle is, under whatever runs it. Source: the Kubernetes API, Pod v1 core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bento import PackerError

if TYPE_CHECKING:
    from bento import Tag

    from .options import Options

GRACE = 30
"""How many seconds open requests have when a server is told to stop: `bento serve --grace`."""
DELAY = 5
"""How many seconds a pod goes on before it is told to stop: proxies learn only then that it is about to."""
MARGIN = 5
"""How many seconds a server has to end after its grace."""

_BUNDLE = "/bundle"
# Knative allows no volume at /tmp.
_SCRATCH = "/scratch"
_USER = 10001
# Controllers put as many as 13 letters behind a name, and a name of DNS has 63 at most.
_LONGEST_NAME = 50
_LONGEST_LABEL = 63


@dataclass(frozen=True, slots=True)
class Pod:
    """The pods of one bundle."""

    tag: Tag
    options: Options

    @property
    def name(self) -> str:
        """What the objects are called: the bundle's name as one of DNS, which has neither dots nor underscores."""
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
        """The label that stays when another version takes this one's place."""
        return {"app.kubernetes.io/name": self.name}

    def labels(self) -> dict[str, str]:
        """Source: Kubernetes, "Recommended Labels"; a label is shorter than a version may be."""
        version = self.tag.version[:_LONGEST_LABEL].rstrip("._-")
        return {**self.selector(), "app.kubernetes.io/version": version, "app.kubernetes.io/managed-by": "bento"}

    def annotations(self) -> dict[str, str]:
        """Where Prometheus finds the metrics, by the annotations that its usual configurations go by."""
        return {"prometheus.io/scrape": "true", "prometheus.io/port": str(self.options.port), "prometheus.io/path": "/metrics"}

    def drained_spec(self, container: str) -> dict[str, Any]:
        """The pod's spec where nothing but the pod itself sees to it that no request is lost when it stops."""
        # A command rather than the `sleep` action, which is younger than many clusters.
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
        """The pod's spec, with a place to write to: the root file system is read-only."""
        return {"enableServiceLinks": False, "containers": [container], "volumes": [{"name": "scratch", "emptyDir": {}}]}

    def container(self, name: str) -> dict[str, Any]:
        """The server, which says that it lives and that it is ready on the port that it answers on."""
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
        """No limit of processors: a server that is held back in the middle of a batch keeps everybody in it waiting."""
        gpus = {"nvidia.com/gpu": str(self.options.gpu)} if self.options.gpu else {}
        return {"requests": {"cpu": self.options.cpu, "memory": self.options.memory}, "limits": {"memory": self.options.memory, **gpus}}


def _security() -> dict[str, Any]:
    """Source: Kubernetes, "Pod Security Standards", Restricted; said of the container, as Knative takes it there."""
    return {
        "runAsNonRoot": True,
        "runAsUser": _USER,
        "runAsGroup": _USER,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }

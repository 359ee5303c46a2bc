"""An image that is being made: its layers and its configuration. Source: the OCI image format specification, config.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .contents import USER

if TYPE_CHECKING:
    from ..bundle.model import Bundle
    from .base_image import BaseImage
    from .layers import Blob, Blobs

_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
_OWN_ENV = {
    "HOME": "/home/bento",
    "PORT": "3000",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": "/opt/bento/packages",
    "PYTHONUNBUFFERED": "1",
    "USER": "bento",
}
_SERVE = 'exec python3 -m bento serve /bundle --trust --host 0.0.0.0 --port "$PORT"'


class Image:
    """Layers on top of a base image, and the configuration that serves a bundle as an unprivileged user."""

    def __init__(self, base: BaseImage, bundle: Bundle, architecture: str) -> None:
        self._base, self._bundle, self._architecture = base, bundle, architecture
        self._layers = list(base.layers)
        self._diff_ids = list(base.diff_ids)
        self._history: list[dict[str, Any]] = list(base.config.get("history") or [{"created_by": "base"} for _ in base.layers])

    def add(self, what: str, layer: Blob) -> None:
        """Put a layer on top. It must be a plain tar, so that its digest is also the digest of its contents."""
        self._layers.append(layer)
        self._diff_ids.append(layer.digest)
        self._history.append({"created": self._bundle.manifest.created, "created_by": f"bento pack {self._bundle.tag} oci: {what}"})

    def finish(self, blobs: Blobs) -> dict[str, Any]:
        """Write the configuration and the manifest, and return the descriptor of the image."""
        config = blobs.add_json(_CONFIG, self._config())
        layers = [layer.descriptor() for layer in self._layers]
        document = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": config.descriptor(),
            "layers": layers,
            "annotations": self._labels(),
        }
        manifest = blobs.add_json(_MANIFEST, document)
        return manifest.descriptor(
            platform={"architecture": self._architecture, "os": "linux"},
            annotations={"org.opencontainers.image.ref.name": self._bundle.version},
        )

    def _config(self) -> dict[str, Any]:
        base = self._base.config
        return {
            "created": self._bundle.manifest.created,
            "architecture": self._architecture,
            "os": "linux",
            "config": self._settings(base.get("config") or {}),
            "rootfs": {"type": "layers", "diff_ids": self._diff_ids},
            "history": self._history,
        }

    def _settings(self, base: dict[str, Any]) -> dict[str, Any]:
        given = dict(pair.split("=", 1) for pair in base.get("Env") or [])
        return {
            "Env": [f"{name}={value}" for name, value in sorted({**_ENV, **given, **_OWN_ENV}.items())],
            "Cmd": ["sh", "-c", _SERVE],
            "ExposedPorts": {"3000/tcp": {}},
            "Labels": {**(base.get("Labels") or {}), **self._labels()},
            "StopSignal": "SIGTERM",
            "User": f"{USER}:{USER}",
            "WorkingDir": _OWN_ENV["HOME"],
        }

    def _labels(self) -> dict[str, str]:
        manifest = self._bundle.manifest
        return {
            "org.opencontainers.image.created": manifest.created,
            "org.opencontainers.image.title": manifest.name,
            "org.opencontainers.image.version": manifest.version,
        }

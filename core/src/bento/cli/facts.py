"""Descriptions of a bundle, for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .output import size_text

if TYPE_CHECKING:
    from ..bundle import Bundle
    from ..bundle.manifest.entries import ApiEntry, ArtifactEntry, ExampleEntry
    from ..store.remotes.transfer import Moved


def record(bundle: Bundle) -> dict[str, object]:
    """A bundle's manifest, and values derived from it, as JSON."""
    return {
        "tag": str(bundle.tag),
        "path": str(bundle.path),
        "size": bundle.size,
        "fingerprint": bundle.fingerprint,
        "digest": bundle.digest,
        **bundle.manifest.plain(),
    }


def named(bundle: Bundle) -> dict[str, object]:
    """The bundle that a command has dealt with, as JSON: the first fields of its output for programs."""
    return {
        "tag": str(bundle.tag),
        "fingerprint": bundle.fingerprint,
        "digest": bundle.digest,
        "path": str(bundle.path),
        "files": len(bundle.manifest.files),
        "size": bundle.size,
    }


def carried(bundle: Bundle, moved: Moved) -> dict[str, object]:
    """How much of a bundle was transferred, and how much was there already, as JSON."""
    return {
        "moved": moved._asdict(),
        "there": {"files": len(bundle.manifest.files) - moved.files, "size": bundle.size - moved.size},
    }


def facts(bundle: Bundle) -> dict[str, str | list[str]]:
    """A bundle's facts, in the order people look for them."""
    from ..bundle.manifest.paths import LOCK

    manifest = bundle.manifest
    env = manifest.env
    return {
        "tag": str(bundle.tag),
        "about": manifest.doc.splitlines(),
        "service": manifest.service,
        "apis": [_api(api) for api in manifest.apis],
        "artifacts": [_artifact(artifact) for artifact in manifest.artifacts],
        "examples": [_example(example) for example in manifest.examples],
        "labels": [f"{name}={value}" for name, value in manifest.labels.items()],
        "created": manifest.created,
        "size": f"{size_text(bundle.size)} in {len(manifest.files)} files",
        "digest": f"sha256:{bundle.digest}",
        "python": f"{manifest.python} on {manifest.platform}" + (f", loaded by {env.python_version} only" if env.python_version else ""),
        "requires": list(manifest.requirements),
        "locked": LOCK if manifest.is_locked else "",
        "apt": list(env.apt),
        "setup": f"{env.setup}, which an image runs as root" if env.setup else "",
        "conda": [*env.conda.dependencies, f"from {', '.join(env.conda.channels)}"] if env.conda else [],
        "base image": env.base_image or "",
        "path": str(bundle.path),
    }


def _api(api: ApiEntry) -> str:
    batch = f", in batches of up to {api.batch.size} rows" if api.batch else ""
    output = api.output.adapter if api.output else "whatever is returned"
    return f"POST {api.path}: {api.input.adapter} -> {output}{batch}, within {api.timeout:g} s"


def _artifact(artifact: ArtifactEntry) -> str:
    plugin = f" of {artifact.distribution} {artifact.version}" if artifact.distribution else ""
    warning = ", runs code when loaded" if artifact.runs_code else ""
    metadata = f" {json.dumps(dict(artifact.metadata))}" if artifact.metadata else ""
    return f"{artifact.slot}: {artifact.type} as {artifact.format!r}{plugin}{warning}{metadata}"


def _example(example: ExampleEntry) -> str:
    media_types = (body.content_type.partition(";")[0] for body in (example.request, example.answer))
    return f"{example.name}: POST /{example.api} {' -> '.join(media_types)}, within {example.tolerance:g}"

"""Whether a bundle's bill of materials says of the bundle what its manifest says, for it is others' tools that read it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import BundleError
from .manifest.paths import SBOM
from .model import read_file
from .sbom import write_sbom

if TYPE_CHECKING:
    from .model import Bundle

_LARGEST = 64 << 20


def check_sbom(bundle: Bundle) -> None:
    """Refuse, as a BundleError, a bill that leaves out or changes what the manifest requires or holds; a bundle may have none."""
    listed = [file for file in bundle.manifest.files if file.path == SBOM]
    if not listed:
        return
    manifest = bundle.manifest
    expected = _facts(write_sbom(manifest.name, manifest.requirements, manifest.artifacts, manifest.files))
    content = read_file(bundle, SBOM, _LARGEST + 1)
    try:
        told = _facts(content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BundleError(f"bundle {bundle.tag} is damaged: {SBOM!r} is no bill of materials: expected CycloneDX, as JSON") from error
    for name, facts in expected.items():
        if told.get(name) != facts:
            kind, of = name
            raise BundleError(f"bundle {bundle.tag} is damaged: {SBOM!r} says of the {kind} {of!r} what the bundle does not hold")


def _facts(content: bytes) -> dict[tuple[str, str], object]:
    """What matters of each component, by its type and name."""
    return {(each["type"], each["name"]): _fact(each) for each in json.loads(content)["components"]}


def _fact(component: dict[str, Any]) -> object:
    return component.get("version"), _hashes([component]), _hashes(component.get("components", ()))


def _hashes(components: Iterable[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted((each["name"], one["alg"], one["content"]) for each in components for one in each.get("hashes", ()))

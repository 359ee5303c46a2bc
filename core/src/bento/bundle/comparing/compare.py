"""Comparing two bundles by their manifests: what changed, and whether a client of the first would break with the second."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..manifest.paths import ARTIFACTS, EXAMPLES, LOCK, SOURCE, WHEELS
from .change import Change, arrow
from .clients import changed_apis

if TYPE_CHECKING:
    from ..manifest.entries import ArtifactEntry
    from ..manifest.manifest import Manifest
    from ..model import Bundle


def compare(old: Bundle, new: Bundle) -> Iterator[Change]:
    """Every change from one bundle to another: apis first, then models, requirements, environment and files."""
    before, after = old.manifest, new.manifest
    yield from changed_apis(before.apis, after.apis)
    yield from _models(before, after)
    yield from _texts("package", _pins(before), _pins(after))
    yield from _texts("env", _surroundings(before), _surroundings(after))
    yield from _lock(before, after)
    for area, folder in (("code", SOURCE), ("wheel", WHEELS), ("example", EXAMPLES)):
        yield from _files(area, _digests(before, folder), _digests(after, folder))


def _models(old: Manifest, new: Manifest) -> Iterator[Change]:
    before, after = ({artifact.slot: artifact for artifact in manifest.artifacts} for manifest in (old, new))
    for slot in sorted(before.keys() | after.keys()):
        if slot not in after:
            yield Change("model", slot, "removed")
        elif slot not in before:
            yield Change("model", slot, "added")
        else:
            yield from _model(before[slot], after[slot])
            folder = f"{ARTIFACTS}/{slot}"
            if _digests(old, folder) != _digests(new, folder):
                yield Change("model", slot, "other contents")


def _model(old: ArtifactEntry, new: ArtifactEntry) -> Iterator[Change]:
    before, after = old.plain(), new.plain()
    for field in ("format", "version", "type", "options", "metadata"):
        if before[field] != after[field]:
            yield Change("model", old.slot, f"{field}: {arrow(_shown(before[field]), _shown(after[field]))}")


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _texts(area: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield Change(area, name, arrow(old.get(name), new.get(name)))


def _lock(old: Manifest, new: Manifest) -> Iterator[Change]:
    """The change of the lock, which decides what is installed in the end."""
    yield from _files("lock", *({file.path: file.sha256 for file in manifest.files if file.path == LOCK} for manifest in (old, new)))


def _files(area: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            yield Change(area, path, "removed" if path not in new else "added" if path not in old else "changed")


def _digests(manifest: Manifest, folder: str) -> dict[str, str]:
    """The digest of each file below a folder, by its path from there."""
    start = f"{folder}/"
    return {file.path.removeprefix(start): file.sha256 for file in manifest.files if file.path.startswith(start)}


def _pins(manifest: Manifest) -> dict[str, str]:
    from packaging.requirements import Requirement

    return {found.name: _rest(found.name, str(found)) for found in map(Requirement, manifest.requirements)}


def _rest(name: str, requirement: str) -> str:
    return requirement.removeprefix(name).removeprefix("==")


def _surroundings(manifest: Manifest) -> dict[str, str]:
    env = manifest.env
    named = {
        "apt": _joined(env.apt),
        "base_image": env.base_image or "",
        "conda": _joined(env.conda.dependencies) if env.conda else "",
        "conda channels": _joined(env.conda.channels) if env.conda else "",
        "python_version": env.python_version or "",
        "setup": env.setup or "",
    }
    return {"platform": manifest.platform, "python": manifest.python, **named}


def _joined(names: Iterable[str]) -> str:
    return " ".join(names)

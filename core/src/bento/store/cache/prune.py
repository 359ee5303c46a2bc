"""Pruning: listing what the cache of a store holds, and removing what was not asked for lately."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import BundleError, NotFound
from ..local import Store
from ..root import refusing
from .bundles import url_of
from .leases import last_used, unused

if TYPE_CHECKING:
    from ...tag import Tag


@dataclass(frozen=True, slots=True)
class Cached:
    """A bundle in the cache: the URL that it is called by, and when it last was."""

    url: str
    tag: Tag
    used: datetime
    store: Store
    folder: Path
    sizes: dict[str, int]
    """The size of each content by its SHA-256: contents that bundles of a store share are on the disk once."""

    @property
    def size(self) -> int:
        return sum(self.sizes.values())


def contents(root: Path) -> list[Cached]:
    """The bundles in the cache of the store at `root`, the most recently used first."""
    with refusing(root, "list what the cache holds"):
        found = [each for place in _folders(root / "cache") for each in _of_place(place)]
    return sorted(found, key=lambda each: (each.used, str(each.tag)), reverse=True)


def disk_size(kept: list[Cached]) -> int:
    """The size of these bundles on the disk, in bytes; shared contents count once."""
    return sum({(each.store.root, digest): size for each in kept for digest, size in each.sizes.items()}.values())


def prune(
    root: Path, *, older_than: timedelta | None = None, max_size: int | None = None, dry_run: bool = False
) -> tuple[list[Cached], list[Cached]]:
    """Remove the bundles that were unused for `older_than`, and then the longest unused, until the rest takes at most `max_size` bytes.

    Returns the bundles that were removed, and those that were to be removed but are in use. With `dry_run`, nothing is removed.
    """
    kept, removed, in_use = contents(root), [], []
    oldest = datetime.now(UTC) - older_than if older_than is not None else datetime.min.replace(tzinfo=UTC)
    for each in kept[::-1]:
        if each.used < oldest or (max_size is not None and disk_size(kept) > max_size):
            if _remove(each, dry_run=dry_run):
                removed.append(each)
                kept.remove(each)
            else:
                in_use.append(each)
    return removed, in_use


def _remove(each: Cached, *, dry_run: bool) -> bool:
    """Delete a bundle unless it is in use; whether it is free to be deleted."""
    with refusing(each.store.root, f"prune {each.tag}"), unused(each.store.root, each.tag, each.folder) as free:
        if free and not dry_run:
            with contextlib.suppress(NotFound):  # another process has pruned it meanwhile
                each.store.delete(each.tag)
    return free


def _of_place(place: Path) -> Iterator[Cached]:
    """The bundles that came from one URL: a remote has one store here, an archive on a web server one for each content."""
    for folder in (place,) if _holds_bundles(place) else filter(_holds_bundles, _folders(place)):
        store = Store(folder)
        for summary in store.summaries():
            with contextlib.suppress(NotFound, BundleError, FileNotFoundError):
                bundle = store.get(summary.tag)
                used = datetime.fromtimestamp(last_used(folder, bundle.tag, bundle.path), UTC)
                sizes = {file.sha256: file.size for file in bundle.manifest.files}
                yield Cached(url_of(place, bundle.tag), bundle.tag, used, store, bundle.path, sizes)


def _holds_bundles(folder: Path) -> bool:
    return (folder / "bundles").is_dir()


def _folders(place: Path) -> list[Path]:
    try:
        return [path for path in place.iterdir() if path.is_dir()]
    except FileNotFoundError:
        return []

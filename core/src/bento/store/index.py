"""The index: what a list shows of each bundle, without reading ten thousand manifests.

The file `<root>/index` holds it, with the inode, size and times of every manifest that it was taken from. Each listing compares these,
reads the manifests that are new or have changed, and rewrites the index if there were any. So the index is right whoever has saved or
deleted bundles meanwhile. A torn or missing index, or one of another version, is rebuilt.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..opening import read_plain, write_plain
from ..tag import Tag

if TYPE_CHECKING:
    from ..bundle import Bundle
    from ..bundle.manifest.manifest import Manifest

_FILE: Final = "index"
_MANIFEST: Final = "/bento.json"
# To be increased whenever the format changes.
_VERSION: Final = b"bento index 1 "

_Stamp = list[int]
_Entry = list[Any]
_Entries = dict[str, _Entry]


class Summary(NamedTuple):
    """What a list shows of one bundle; `size` is in bytes, `apis` are names."""

    # A NamedTuple, because one is made for each of many bundles: a frozen dataclass would take four times as long.
    name: str
    version: str
    created: str
    size: int
    apis: list[str]
    labels: Mapping[str, str]
    fingerprint: str

    @classmethod
    def of(cls, manifest: Manifest, fingerprint: str) -> Summary:
        """The summary of a manifest whose bytes have this SHA-256."""
        return cls(
            name=manifest.name,
            version=manifest.version,
            created=manifest.created,
            size=sum(file.size for file in manifest.files),
            apis=[api.name for api in manifest.apis],
            labels=dict(manifest.labels),
            fingerprint=fingerprint,
        )

    @property
    def tag(self) -> Tag:
        return Tag(self.name, self.version)

    def __str__(self) -> str:
        return f"{self.name}:{self.version}"


def newest_first(summaries: Iterable[Summary]) -> list[Summary]:
    """Sort by time, then version, then name: the order in which a remote's `latest` is the first of its name."""
    return sorted(summaries, key=attrgetter("created", "version", "name"), reverse=True)


def summarize(root: Path, name: str | None, read: Callable[[Path], Bundle | None]) -> list[Summary]:
    """A summary of each bundle in the store, or of those of one name, newest first: `latest` is the first of its name.

    `read` opens a bundle that is not in the index, if it is one.
    """
    known = _load(root)
    stamps = dict(_stamps(root / "bundles", name))
    # In the order of the index, newest first, because sorting is fast if the entries are sorted already.
    found = {key: entry for key, entry in known.items() if stamps.get(key) == entry[0]}
    for key in sorted(stamps.keys() - found.keys()):
        if (bundle := read(root / "bundles" / key)) is not None:
            found[key] = [stamps[key], list(Summary.of(bundle.manifest, bundle.fingerprint))]
    others = {key: entry for key, entry in known.items() if name is not None and not key.startswith(f"{name}/")}
    if {**others, **found} != known:
        _save(root, {**others, **found})
    return [Summary(*row) for _, row in sorted(found.values(), key=_age, reverse=True)]


def _stamps(place: Path, name: str | None) -> Iterator[tuple[str, _Stamp]]:
    """The `name/version` and the stamp of every folder that should be a bundle."""
    for folder in _subfolders(place) if name is None else [name]:
        try:
            # With many manifests, looking each up from this folder is faster than from the root.
            descriptor = os.open(place / folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        try:
            for version in _subfolders(descriptor):
                yield f"{folder}/{version}", _stamp(version, descriptor)
        finally:
            os.close(descriptor)


def _subfolders(folder: Path | int) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except FileNotFoundError:
        return []


def _stamp(folder: str, descriptor: int) -> _Stamp:
    """What changes when a manifest does: inode, size, modification and change time; empty if there is none."""
    try:
        status = os.stat(folder + _MANIFEST, dir_fd=descriptor, follow_symlinks=False)
    except OSError:
        return []
    return [status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _load(root: Path) -> _Entries:
    import orjson

    with contextlib.suppress(OSError, ValueError):
        content = read_plain(root / _FILE)
        head, _, body = content.partition(b"\n")
        if head == _head(body):
            entries: _Entries = orjson.loads(body)
            return entries
    return {}


def _save(root: Path, entries: _Entries) -> None:
    """Write the index, newest first; a store that cannot be written to has none."""
    import orjson

    body = orjson.dumps(dict(sorted(entries.items(), key=lambda item: _age(item[1]), reverse=True)))
    # If two processes write it at once, its checksum is wrong, and it is rebuilt.
    draft = root / f".{_FILE}"
    with contextlib.suppress(OSError):
        write_plain(draft, _head(body) + b"\n" + body)
        draft.replace(root / _FILE)


def _age(entry: _Entry) -> tuple[str, _Stamp, str, str]:
    """The sort key: the second in which a bundle was saved and, because several bundles may share it, when this one arrived here."""
    stamp, (name, version, created, *_) = entry
    return created, stamp[2:3], version, name


def _head(body: bytes) -> bytes:
    return _VERSION + b"%08x" % zlib.crc32(body)

"""The index: what a list says of each bundle, without reading ten thousand manifests.

It is kept in the file `<root>/index` beside the identity, size and times of every manifest it was taken from. Each list looks at those
again, reads the manifests that are new or not the same, and writes the index anew if there were any. So it is right whoever has saved
or deleted meanwhile, and one that is torn, gone or of another version is made again.
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
# A new number whenever what is written changes.
_VERSION: Final = b"bento index 1 "

_Stamp = list[int]
_Entry = list[Any]
_Entries = dict[str, _Entry]


class Summary(NamedTuple):
    """What a list says of one bundle; `size` is in bytes, `apis` are names."""

    # Made for each of many bundles: a frozen dataclass would take four times as long.
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
    # In the order of the index, newest first: what is sorted already is soon sorted.
    found = {key: entry for key, entry in known.items() if stamps.get(key) == entry[0]}
    for key in sorted(stamps.keys() - found.keys()):
        if (bundle := read(root / "bundles" / key)) is not None:
            found[key] = [stamps[key], list(Summary.of(bundle.manifest, bundle.fingerprint))]
    others = {key: entry for key, entry in known.items() if name is not None and not key.startswith(f"{name}/")}
    if {**others, **found} != known:
        _save(root, {**others, **found})
    return [Summary(*row) for _, row in sorted(found.values(), key=_age, reverse=True)]


def _stamps(place: Path, name: str | None) -> Iterator[tuple[str, _Stamp]]:
    """`name/version` and stamp of every folder that should be a bundle."""
    for folder in _subfolders(place) if name is None else [name]:
        try:
            # Each of many manifests is found sooner from here than from the root.
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
    """What changes when a manifest does; nothing for one that is not there."""
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
    """Write the index, newest first; a store that cannot be written to goes without."""
    import orjson

    body = orjson.dumps(dict(sorted(entries.items(), key=lambda item: _age(item[1]), reverse=True)))
    # Two that write it at once make one that is not read, and so made again.
    draft = root / f".{_FILE}"
    with contextlib.suppress(OSError):
        write_plain(draft, _head(body) + b"\n" + body)
        draft.replace(root / _FILE)


def _age(entry: _Entry) -> tuple[str, _Stamp, str, str]:
    """The second that a bundle was saved in and, since that may be another one's as well, when it came here."""
    stamp, (name, version, created, *_) = entry
    return created, stamp[2:3], version, name


def _head(body: bytes) -> bytes:
    return _VERSION + b"%08x" % zlib.crc32(body)

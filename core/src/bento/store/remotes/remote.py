"""Remotes: bundles elsewhere, whose files are kept once, under their SHA-256.

::

    blobs/3f/3f9a1c...                 the content of files
    bundles/iris/20261122T101500-3f9a1c/bento.json
    bundles/iris/20261122T101500-3f9a1c/bento.5b0c...sig      by whom it is signed

A manifest is written after everything that it lists, and never replaced. So every tag of a remote is a whole bundle, even if a push is
interrupted. A signature is written after the manifest that it signs, and never replaced: a key always gives the same signature, and the
name of a signature through Sigstore is its digest.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from ...bundle.manifest.formats import MAX_MANIFEST, read_manifest
from ...bundle.manifest.paths import MANIFEST
from ...bundle.signing.signatures import is_signature, largest, parse_signatures
from ...errors import BentoError, BundleError, NotFound, RemoteError, StoreError, TagError
from ...tag import Tag
from ..index import Summary, newest_first
from ..missing import missing
from ..reason import reason
from .address import check_remote, shown
from .cloud import cloud_place
from .folder import FolderPlace
from .unanswered import way_out

if TYPE_CHECKING:
    from ...bundle.manifest.entries import File
    from ...bundle.manifest.manifest import Manifest
    from ...bundle.signing.signatures import AnySignature
    from .place import Place, Tally

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """A bundle that a remote has: its tag, its manifest, and the manifest's bytes as `content`."""

    tag: Tag
    content: bytes
    manifest: Manifest

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def size(self) -> int:
        """Bytes in all files other than `bento.json`."""
        return sum(file.size for file in self.manifest.files)


class Remote:
    """The bundles at a URL."""

    def __init__(self, url: str) -> None:
        self.url = check_remote(url)
        with self.reaching("reach it"):
            self._place = _place(self.url)

    def __str__(self) -> str:
        return shown(self.url)

    def summaries(self, name: str | None = None) -> list[Summary]:
        """A summary of each bundle, newest first; a manifest that cannot be read is logged, and left out."""
        with self.reaching("list the bundles"):
            tags = self._tags(name)
            return newest_first([each for each in self.each(self._summary, tags) if each is not None])

    def offer(self, tag: Tag) -> Offer:
        """The bundle under a tag, for `latest` the newest of its name; a NotFound lists what is there instead."""
        with self.reaching(f"find {tag}"):
            wanted = next((each.tag for each in self.summaries(tag.name)), tag) if tag.is_latest else tag
            content = None if wanted.is_latest else self._content(wanted)
            if content is None:
                there = self.summaries(tag.name) or self.summaries()
                raise NotFound(missing(tag, str(self), [each.tag for each in there]))
        try:
            return Offer(wanted, content, _read_tagged(content, wanted))
        except BundleError as error:
            raise BundleError(f"{tag} at {self} is not a bundle: {error}") from error

    def lacks(self, file: File) -> bool:
        """Whether the content of a file is not there yet."""
        return self._place.size(_blob(file)) != file.size

    def send(self, file: File, source: Path, moved: Tally) -> None:
        """Put the content of a file; if `source` is not what `file` describes, put nothing and raise a RemoteError."""
        with self.reaching(f"send {file.path!r}"):
            self._place.write(_blob(file), source, file, moved)

    def read(self, file: File, start: int) -> Iterator[bytes]:
        """The content of a file, unchecked, from the byte `start` on."""
        with self.reaching(f"read {file.path!r}"):
            yield from self._place.read(_blob(file), start)

    def publish(self, tag: Tag, content: bytes) -> None:
        """Put the manifest of a bundle whose files are all there, under its tag; if another bundle has the tag, it is a StoreError."""
        if not self._place.create(_beside(tag, MANIFEST), content) and self._content(tag) != content:
            raise self.taken(tag)

    def publish_signatures(self, tag: Tag, signatures: Iterable[AnySignature]) -> None:
        """Put signatures beside the manifest of a bundle that is there."""
        for signature in signatures:
            self._place.create(_beside(tag, signature.name), signature.encode())

    def signatures(self, tag: Tag) -> tuple[AnySignature, ...]:
        """The signatures beside a bundle, valid or not; a file that is not a signature is a BundleError."""
        with self.reaching(f"read the signatures of {tag}"):
            names = [path.rpartition("/")[2] for path in self._place.paths(_beside(tag, "").rstrip("/"))]
            return parse_signatures(list(filter(is_signature, names)), lambda name: self._read(_beside(tag, name), largest(name)))

    def holds(self, tag: Tag, content: bytes) -> bool:
        """Whether the bundle with this manifest is there; another one under its tag is a StoreError."""
        there = self._content(tag)
        if there not in (None, content):
            raise self.taken(tag)
        return there is not None

    def taken(self, tag: Tag) -> StoreError:
        return StoreError(f"another bundle {tag} exists at {self}: save yours under another version")

    def each(self, work: Callable[[T], R], items: Iterable[T], stop: Callable[[], object] = lambda: None) -> list[R]:
        """Call `work` for each item, several at once; after the first error no other call begins, and `stop` ends those that have begun."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="bento-remote") as pool:
            futures = [pool.submit(work, item) for item in items]
            try:
                return [future.result() for future in futures]
            except BaseException:
                stop()
                pool.shutdown(cancel_futures=True)
                raise

    @contextmanager
    def reaching(self, task: str) -> Iterator[None]:
        """Turn an error of a library or a disk into a RemoteError that says what was tried."""
        try:
            yield
        except BentoError:
            raise
        except Exception as error:
            raise RemoteError(f"cannot {task} at {self}: {reason(error)}{way_out(error, self.url)}") from error

    def _tags(self, name: str | None) -> list[Tag]:
        found = []
        for path in self._place.paths("bundles" if name is None else f"bundles/{Tag(name).name}"):
            folder, _, file = path.removeprefix("bundles/").rpartition("/")
            if file == MANIFEST:
                try:
                    found.append(Tag(*folder.split("/", 1)))
                except TagError as error:
                    log.warning("left out something that is not a bundle at %s: %s", self, error)
        return found

    def _summary(self, tag: Tag) -> Summary | None:
        try:
            content = self._content(tag)
            return None if content is None else Summary.of(_read_tagged(content, tag), hashlib.sha256(content).hexdigest())
        except BundleError as error:
            log.warning("left out something that is not a bundle at %s: %s: %s", self, tag, error)
            return None

    def _content(self, tag: Tag) -> bytes | None:
        return self._read(_beside(tag, MANIFEST), MAX_MANIFEST)

    def _read(self, path: str, most: int) -> bytes | None:
        """A small file, None if it is not there; of a file larger than `most` bytes, just enough to see that it is."""
        try:
            content = b""
            for piece in self._place.read(path):
                content += piece
                if len(content) > most:
                    break
        except FileNotFoundError:
            return None
        return content


def _place(url: str) -> Place:
    if url.startswith("file:"):
        return FolderPlace(url)
    if url.startswith("oci:"):
        from .oci import RegistryPlace

        return RegistryPlace(url)
    return cloud_place(url)


def _read_tagged(content: bytes, tag: Tag) -> Manifest:
    """The manifest in these bytes, which must have this tag."""
    manifest = read_manifest(content)
    if (found := Tag(manifest.name, manifest.version)) != tag:
        raise BundleError(f"{MANIFEST} is of another bundle, {found}")
    return manifest


def _blob(file: File) -> str:
    return f"blobs/{file.sha256[:2]}/{file.sha256}"


def _beside(tag: Tag, name: str) -> str:
    return f"bundles/{tag.name}/{tag.version}/{name}"

"""The store on this machine: bundles by tag, as folders `<root>/bundles/<name>/<version>`."""

from __future__ import annotations

import builtins
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BundleError, NotFound, StoreError
from ..opening import sync
from ..tag import Tag
from .blobs import releasing, share
from .index import Summary, summarize
from .missing import missing
from .notes import ORIGINS, TRUSTED, write_note
from .root import default_root, make_folder, refusing
from .selection import is_pattern, matches
from .workspace import empty, locked, workspace

if TYPE_CHECKING:
    from ..bundle import Bundle, Golden
    from ..bundle.files.hashing import Progress
    from ..service import Service

log = logging.getLogger(__name__)


class Store:
    """Named, versioned bundles under one folder: `$BENTO_HOME`, or `~/.bento`, unless another is given.

    A tag in the store is always a whole bundle, even if a process or the machine dies at any moment. An error of the disk is a StoreError,
    and leaves the store as it was.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = default_root() if root is None else Path(root).absolute()
        self._reported: set[Path] = set()

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    def save(
        self,
        service: Service,
        *,
        version: str | None = None,
        labels: Mapping[str, str] | None = None,
        examples: Sequence[Golden] = (),
        lock: bool = False,
        progress: Progress | None = None,
    ) -> Bundle:
        """Save a packed service, under a generated version unless `version` is given; a version that is taken is a StoreError.

        `examples` are golden examples as `bento.save` makes them. With `lock`, the bundle gets a lock of everything to install, with
        hashes.
        """
        from ..bundle import write_bundle

        if version is not None and os.path.lexists(self._folder(Tag(service.name, version))):
            raise self._taken(Tag(service.name, version))
        with refusing(self.root, f"save {service.name!r}"), workspace(self.root) as scratch:

            def write(chosen: str | None) -> Bundle:
                folder = scratch / (chosen or "draft")
                draft = write_bundle(service, folder, version=chosen, labels=labels, examples=examples, lock=lock, progress=progress)
                write_note(self.root, TRUSTED, draft.fingerprint, draft.tag, scratch=scratch, how="saved")
                return draft

            draft = first = write(version)
            while (placed := self._place(draft, scratch)) is None:
                if version is not None:
                    raise self._taken(draft.tag)
                if self._has_the_same(draft):
                    return self.get(draft.tag)
                draft = write(self._another_version(first.tag))
        return placed

    def unpack(self, file: Path, *, trust: bool = False, origin: str | None = None, progress: Progress | None = None) -> Bundle:
        """Add the bundle in a `.bento` file. None of its code runs; with `trust`, it may be loaded from now on without `trust` again.

        A bundle that is here already stays as it is; another one under the same tag is a StoreError. `origin` is where the file came from;
        by default its path.
        """
        from ..bundle import unpack_archive

        return self.take_in(
            lambda folder: unpack_archive(Path(file), folder, progress),
            task=f"unpack {str(file)!r}",
            origin=origin or str(Path(file).absolute()),
            trusted="unpacked with trust" if trust else None,
        )

    def take_in(self, write: Callable[[Path], Bundle], *, task: str, origin: str = "", trusted: str | None = None) -> Bundle:
        """Add the verified bundle that `write` makes at the path it is given; `trusted` says why its code may run from now on.

        `origin`, the file or the URL that it came from, is noted beside it.

        A bundle that is here already stays as it is, with the signatures of both; another one under the same tag is a StoreError.
        """
        from ..bundle.signing.signatures import add_signatures, read_signatures

        with refusing(self.root, task), workspace(self.root) as scratch:
            draft = write(scratch / "draft")
            signatures = read_signatures(draft)
            there = replace(draft, path=self._folder(draft.tag))
            while self._place(draft, scratch) is None:
                if self.holds(draft.tag, draft.fingerprint):
                    add_signatures(there, signatures)
                    break
                draft = write(scratch / "draft")  # the bundle that was here has just been deleted
            else:
                write_note(self.root, ORIGINS, draft.fingerprint, draft.tag, scratch=scratch, origin=origin)
            if trusted:
                write_note(self.root, TRUSTED, draft.fingerprint, draft.tag, scratch=scratch, how=trusted)
        return there

    def holds(self, tag: Tag, fingerprint: str) -> bool:
        """Whether the bundle with this tag and fingerprint is here; another one under the tag, or a damaged one, is a StoreError."""
        folder = self._folder(tag)
        if not os.path.lexists(folder):
            return False
        there = self._whole(folder)
        if there is None or there.fingerprint != fingerprint:
            raise StoreError(f"another bundle {tag} exists in the store at {self.root}: delete that one first")
        return True

    def get(self, tag: Tag | str) -> Bundle:
        """The bundle of a tag, for `latest` the newest one. A NotFound lists what is there instead; a damaged bundle is a BundleError."""
        tag = Tag.parse(tag) if isinstance(tag, str) else tag
        with refusing(self.root, f"find {tag}"):
            if not tag.is_latest:
                try:
                    return _open(self._folder(tag))
                except BundleError:
                    if self._folder(tag).is_dir():
                        raise
            for each in self.summaries(tag.name) if tag.is_latest else ():
                if (newest := self._whole(self._folder(each.tag))) is not None:
                    return newest
            raise self._not_found(tag)

    def list(self, name: str | None = None, labels: Mapping[str, str] | None = None) -> builtins.list[Bundle]:
        """The bundles with this name and these labels, newest first; a folder that is not a whole bundle is logged, once, and left out."""
        summaries = self.summaries(name, labels)
        with refusing(self.root, "list the bundles"):
            return [bundle for each in summaries if (bundle := self._whole(self._folder(each.tag))) is not None]

    def summaries(self, name: str | None = None, labels: Mapping[str, str] | None = None) -> builtins.list[Summary]:
        """A summary of each bundle that `list` would return, but faster; `name` may be a pattern, such as `iris-*`."""
        pattern = name is not None and is_pattern(name)
        only = None if name is None or pattern else Tag(name).name
        with refusing(self.root, "list the bundles"):
            found = summarize(self.root, only, self._whole)
        return [each for each in found if matches(each, name if pattern else None, labels or {})]

    @property
    def has_left_out(self) -> bool:
        """Whether the store holds something that was no whole bundle when it was last read."""
        return any(os.path.lexists(folder) for folder in self._reported)

    def delete(self, tag: Tag | str) -> Tag:
        """Remove a bundle, whole or damaged, atomically, and return its tag; `latest` removes the newest one.

        Contents that it shares with other bundles stay.
        """
        tag = Tag.parse(tag) if isinstance(tag, str) else tag
        tag = self.get(tag).tag if tag.is_latest else tag
        with refusing(self.root, f"delete {tag}"):
            folder = self._folder(tag)
            with workspace(self.root) as scratch:
                with locked(self.root):
                    if not folder.is_dir():
                        raise self._not_found(tag)
                    folder.rename(scratch)
                    if not any(folder.parent.iterdir()):
                        folder.parent.rmdir()
                with releasing(self.root, scratch):
                    empty(scratch)
        return tag

    def _folder(self, tag: Tag) -> Path:
        return self.root / "bundles" / tag.name / tag.version

    def _whole(self, folder: Path) -> Bundle | None:
        """The bundle in a folder; a fault is logged the first time, unless the bundle has just been deleted."""
        try:
            bundle = _open(folder)
        except BundleError as error:
            if folder not in self._reported and folder.exists():
                self._reported.add(folder)
                log.warning("left out a folder that is not a whole bundle: %s", error)
            return None
        self._reported.discard(folder)
        return bundle

    def _place(self, draft: Bundle, scratch: Path) -> Bundle | None:
        """Move a complete draft to its tag's folder; if that is taken, remove the draft and return None.

        Its files are shared before that, because afterwards others may delete the bundle, and put another one in its place.
        """
        target = self._folder(draft.tag)
        if not os.path.lexists(target):
            share(self.root, draft, scratch)
        with locked(self.root):
            if not os.path.lexists(target):
                make_folder(target.parent)
                draft.path.rename(target)
                for folder in (target.parent, target.parent.parent, self.root):
                    sync(folder, os.O_DIRECTORY)
                return replace(draft, path=target)
        with releasing(self.root, draft.path):
            empty(draft.path)
        return None

    def _has_the_same(self, draft: Bundle) -> bool:
        """Whether the bundle that has the draft's tag is the same, byte for byte."""
        there = self._whole(self._folder(draft.tag))
        return there is not None and there.fingerprint == draft.fingerprint

    def _another_version(self, tag: Tag) -> str:
        versions = (f"{tag.version}-{number}" for number in count(2))
        return next(version for version in versions if not os.path.lexists(self._folder(Tag(tag.name, version))))

    def _taken(self, tag: Tag) -> StoreError:
        return StoreError(f"version {tag} exists in the store at {self.root}: choose another version, or delete that one first")

    def _not_found(self, tag: Tag) -> NotFound:
        there = [each.tag for each in self.summaries(tag.name) or self.summaries()]
        return NotFound(missing(tag, self.root, there, is_empty=not self.has_left_out))


def store_of(store: Store | None) -> Store:
    """The given store, or the usual one."""
    if store is not None and not isinstance(store, Store):
        raise StoreError(f"expected a store, got {store!r}: write store=bento.Store(Path({str(store)!r}))")
    return store or Store()


def _open(folder: Path) -> Bundle:
    from ..bundle import open_bundle

    bundle = open_bundle(folder)
    if (bundle.name, bundle.version) != (folder.parent.name, folder.name):
        raise BundleError(f"{folder} holds another bundle, {bundle.tag}")
    return bundle

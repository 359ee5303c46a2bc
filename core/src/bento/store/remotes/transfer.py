"""Transfers between a store and a remote: only missing files are sent, several at once, and each is checked at both ends."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ...bundle import Bundle, open_bundle, verify
from ...bundle.files.atomic import new_folder
from ...bundle.files.hashing import Hasher
from ...bundle.files.room import check_room, check_size
from ...bundle.manifest.paths import MANIFEST
from ...bundle.model import read_content
from ...bundle.signing.signatures import add_signatures, read_signatures
from ...errors import BundleError, RemoteError
from ...tag import LATEST
from ..blobs import blob_of
from ..ledger import ledger_of
from ..local import store_of
from ..root import refusing
from .address import shown
from .partial import complete, partial, size_of_partial

if TYPE_CHECKING:
    from ...bundle.files.hashing import Progress
    from ...bundle.manifest.entries import File
    from ..local import Store
    from .remote import Offer, Remote


class Moved(NamedTuple):
    """The number of files that were transferred, and their size in bytes."""

    files: int
    size: int


class Fetched(NamedTuple):
    """A bundle that is in the store now, and what was transferred for it."""

    bundle: Bundle
    moved: Moved


class _Count:
    """Counts bytes from several threads for one `progress`."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._done = 0
        self._stopped = False
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        """Count more bytes; if the transfer was stopped, raise an error, which ends the thread's work."""
        with self._lock:
            if self._stopped:
                raise RemoteError("the transfer was stopped")
            self._done += size
            if self._progress is not None:
                self._progress(self._done)

    def stop(self) -> None:
        self._stopped = True


def push_bundle(bundle: Bundle, remote: Remote, store: Store | None = None, progress: Progress | None = None) -> Moved:
    """Verify a bundle, and put it on a remote; one that is there already only gets the signatures that it lacks."""
    place, _, last = remote.url.rpartition("/")
    if last in (str(bundle.tag), f"{bundle.name}:{LATEST}"):
        raise RemoteError(f"{remote} ends with the tag of a bundle: expected the remote that it goes to, {shown(place)}")
    content, count = read_content(bundle.path), _Count(progress)
    if hashlib.sha256(content).hexdigest() != bundle.fingerprint:
        raise BundleError(f"bundle {bundle.tag} is damaged: {MANIFEST!r} has changed since it was read")
    verify(bundle, ledger=ledger_of(store_of(store).root))
    with remote.reaching(f"push {bundle.tag}"):
        signatures = read_signatures(bundle)
        if remote.holds(bundle.tag, content):
            remote.publish_signatures(bundle.tag, signatures)
            count.add(bundle.size)
            return Moved(0, 0)
        files = list({file.sha256: file for file in bundle.manifest.files}.values())
        count.add(bundle.size - sum(file.size for file in files))

        def put(file: File) -> int | None:
            if not remote.lacks(file):
                count.add(file.size)
                return None
            remote.send(file, bundle.path / file.path, count.add)
            return file.size

        sent = [size for size in remote.each(put, files, count.stop) if size is not None]
        remote.publish(bundle.tag, content)
        remote.publish_signatures(bundle.tag, signatures)
    return Moved(len(sent), sum(sent))


def fetch(offer: Offer, remote: Remote, store: Store, *, trust: bool = False, progress: Progress | None = None) -> Fetched:
    """Take a bundle from a remote into a store. None of its code runs; `progress` is called with the number of bytes that are here.

    What arrived before an interruption is kept for a week, and not fetched again.
    """
    check_size(f"{offer.tag} at {remote}", offer.size)
    count, signatures = _Count(progress), remote.signatures(offer.tag)
    if store.holds(offer.tag, offer.fingerprint) and not trust:
        count.add(offer.size)
        held = store.get(offer.tag)
        with refusing(store.root, f"keep the signatures of {offer.tag}"):
            add_signatures(held, signatures)
        return Fetched(held, Moved(0, 0))
    arrived: list[int] = []

    def write(folder: Path) -> Bundle:
        with new_folder(folder) as draft:
            arrived.extend(_get_all(offer, remote, store.root, draft, count))
            for signature in signatures:
                (draft / signature.name).write_bytes(signature.encode())
        return open_bundle(folder)

    trusted = "pulled with trust" if trust else None
    bundle = store.take_in(write, task=f"pull {offer.tag} from {remote}", origin=shown(f"{remote}/{offer.tag}"), trusted=trusted)
    return Fetched(bundle, Moved(len(arrived), sum(arrived)))


def _get_all(offer: Offer, remote: Remote, root: Path, draft: Path, count: _Count) -> list[int]:
    """Put the manifest and every file that it lists into `draft`; returns the size of each content that came from the remote."""
    by_digest: dict[str, list[File]] = {}
    for file in offer.manifest.files:
        by_digest.setdefault(file.sha256, []).append(file)
    check_room(draft, sum(_missing(files[0], root) for files in by_digest.values()))
    (draft / MANIFEST).write_bytes(offer.content)
    for file in offer.manifest.files:
        (draft / file.path).parent.mkdir(parents=True, exist_ok=True)
    came = remote.each(lambda files: _get(files, remote, root, draft, count), by_digest.values(), count.stop)
    return [size for size in came if size is not None]


def _missing(file: File, root: Path) -> int:
    """How many bytes of a content have still to be fetched."""
    return 0 if blob_of(root, file.sha256).exists() else max(0, file.size - size_of_partial(root, file.sha256))


def _get(files: list[File], remote: Remote, root: Path, draft: Path, count: _Count) -> int | None:
    """Put one content at each of its paths, from this store if it has it.

    Returns how many bytes came from the remote, or None if the store had it.
    """
    first, *others = files
    target, came = draft / first.path, None
    if not _reuse(blob_of(root, first.sha256), target, first):
        with partial(root, first.sha256) as (path, part):
            came = complete(part, first, remote, count.add)
            path.replace(target)
    else:
        count.add(first.size)
    for file in others:
        shutil.copyfile(target, draft / file.path)
        count.add(file.size)
    return came


def _reuse(source: Path, target: Path, file: File) -> bool:
    """Take a content from this store; False if it is not there, or has changed."""
    try:
        # The modes of a bundle's files are set later, and only their owner may set them.
        (os.link if source.stat().st_uid == os.geteuid() else shutil.copyfile)(source, target)
    except FileNotFoundError:
        return False
    if Hasher().hash(target.parent, target.name).sha256 == file.sha256:
        return True
    target.unlink()
    return False

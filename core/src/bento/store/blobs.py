"""Blobs: contents that several bundles share are on the disk once.

Each file of a bundle is a hard link to `<root>/blobs/<sha256>`, so a content stays for as long as one bundle holds it. Linked files are
read-only. A file that is changed all the same is changed in every bundle that shares it. Verifying notices that in each of them, and no new
file is linked to it. Sharing only saves space: where links cannot be made, each bundle keeps files of its own.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import BundleError
from ..opening import open_file
from .root import make_folder

if TYPE_CHECKING:
    from ..bundle import Bundle

log = logging.getLogger(__name__)

FOLDER: Final = "blobs"
_PIECE: Final = 1 << 20
_READ_ONLY: Final = 0o444


def share(root: Path, bundle: Bundle, scratch: Path) -> None:
    """Turn the files of a new bundle, which nobody else uses yet, into links to the same contents in the store.

    `scratch` is a folder on the same file system.
    """
    try:
        make_folder(root / FOLDER)
        for file in bundle.manifest.files:
            _share(root, bundle.path / file.path, file.sha256, scratch / "link")
    except OSError as error:
        log.debug("%s keeps its own copies of files: %s", bundle.tag, error)


def blob_of(root: Path, digest: str) -> Path:
    """The path of the content with this SHA-256, which exists if any bundle holds it."""
    return root / FOLDER / digest


def collect(root: Path, digests: Iterable[str] | None = None) -> None:
    """Remove the blobs that no bundle holds any more, of these digests or of all."""
    from .ledger import ledger_of

    ledger = ledger_of(root)
    for blob in _blobs(root) if digests is None else (blob_of(root, digest) for digest in digests):
        try:
            status = blob.stat()
            if status.st_nlink == 1:
                blob.unlink()
                ledger.forget(blob.name, status)
        except FileNotFoundError:
            continue
    if digests is None:
        ledger.prune()


@contextmanager
def releasing(root: Path, folder: Path) -> Iterator[None]:
    """Remove the blobs that only the bundle in `folder` has held, after a block that removes the bundle."""
    from ..bundle import open_bundle
    from .ledger import ledger_of

    try:
        digests = {file.sha256 for file in open_bundle(folder).manifest.files}
    except BundleError:
        yield
        collect(root)
        return
    ledger, before = ledger_of(root), {blob: blob.stat() for digest in digests if (blob := blob_of(root, digest)).is_file()}
    yield
    collect(root, digests)
    for blob, status in before.items():
        with contextlib.suppress(FileNotFoundError):
            ledger.relinked(blob.name, status, blob)


def _blobs(root: Path) -> list[Path]:
    try:
        return list((root / FOLDER).iterdir())
    except FileNotFoundError:
        return []


def _share(root: Path, file: Path, digest: str, spare: Path) -> None:
    """Link one file. It always has its content, whatever interrupts this, and whoever shares or collects the same blob meanwhile."""
    from .ledger import ledger_of

    blob, ledger = blob_of(root, digest), ledger_of(root)
    file.chmod(_READ_ONLY)
    if (blob.exists() and blob.samefile(file)) or (before := _link_either(file, blob, spare)) is None:
        return
    if _same(file, spare):
        spare.chmod(_READ_ONLY)
        spare.replace(file)
        ledger.relinked(digest, before, blob)
    else:
        spare.unlink()
        os.link(file, spare)
        spare.replace(blob)


def _link_either(file: Path, blob: Path, spare: Path) -> os.stat_result | None:
    """Make a file the blob, and return None; or link the existing blob as `spare`, and return the status that it had before."""
    while True:
        with contextlib.suppress(FileExistsError):
            os.link(file, blob)
            return None
        with contextlib.suppress(FileNotFoundError):  # its last bundle has just been deleted
            before = blob.stat()
            os.link(blob, spare)
            return before


def _same(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes: a blob may have changed since it got its digest for a name."""
    with open_file(one) as left, open_file(other) as right:
        first, second = memoryview(bytearray(_PIECE)), memoryview(bytearray(_PIECE))
        while count := left.readinto(first):
            if right.readinto(second) != count or first[:count] != second[:count]:
                return False
        return right.readinto(second) == 0

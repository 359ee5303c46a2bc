"""Verifying: a bundle is exactly what its manifest says, byte for byte, before anything in it is used.

Beside the manifest there may be signatures, which it does not list. `store.trust` decides whether a signature is valid.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from ..errors import BundleError
from ..opening import open_file
from .files.hashing import Hasher, Progress
from .files.tree import relative, walk
from .manifest.paths import MANIFEST, SIGNATURE, parents
from .model import Bundle, read_content
from .signing.signatures import read_signatures

if TYPE_CHECKING:
    from .files.ledger import Ledger
    from .manifest.entries import File


def verify(bundle: Bundle, progress: Progress | None = None, *, ledger: Ledger | None = None, anew: bool = False) -> None:
    """Check that every file is there, unchanged, and nothing else is: no link, no device, no empty folder.

    The first fault found is a BundleError that names the file. `progress` is called with the number of bytes done so far. Large files that
    the `ledger` knows are not read again, unless `anew` is set; files that are read are noted in it.
    """
    try:
        _check_manifest(bundle)
        _check_names(bundle)
        _check_signatures(bundle)
        hasher = Hasher(progress)
        for file in bundle.manifest.files:
            _check_content(bundle, file, hasher, ledger, anew=anew)
    except OSError as error:
        raise BundleError(f"cannot verify bundle {bundle.tag}: {error}") from error


def _check_manifest(bundle: Bundle) -> None:
    if hashlib.sha256(read_content(bundle.path)).hexdigest() != bundle.fingerprint:
        raise _damaged(bundle, f"{MANIFEST!r} has changed since it was read")


def _check_names(bundle: Bundle) -> None:
    files = {MANIFEST, *(file.path for file in bundle.manifest.files)}
    folders = {parent for path in files for parent in parents(path)}
    found = {relative(entry, bundle.path): _kind(entry) for entry in walk(bundle.path)}
    for path in sorted(found):
        if found[path] not in ("file", "folder"):
            raise _damaged(bundle, f"{path!r} is a {found[path]}: only plain files belong there")
        if path not in (files if found[path] == "file" else folders) and not (found[path] == "file" and SIGNATURE.fullmatch(path)):
            raise _damaged(bundle, f"{path!r} is a {found[path]} that {MANIFEST} does not list")
    for path in sorted(files - found.keys()):
        raise _damaged(bundle, f"{path!r} is missing")


def _check_signatures(bundle: Bundle) -> None:
    try:
        read_signatures(bundle)
    except BundleError as error:
        raise _damaged(bundle, str(error)) from error


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "device or pipe"


def _check_content(bundle: Bundle, expected: File, hasher: Hasher, ledger: Ledger | None, *, anew: bool) -> None:
    with open_file(bundle.path / expected.path) as file:
        before = os.fstat(file.fileno())
        if before.st_size != expected.size:
            raise _damaged(bundle, f"{expected.path!r} has {before.st_size} bytes, expected {expected.size}")
        if ledger is not None and not anew and ledger.knows(expected.sha256, before):
            hasher.skip(expected.size)
            return
        if hasher.read(file) != (expected.size, expected.sha256):
            raise _damaged(bundle, f"{expected.path!r} has changed")
        if ledger is not None:
            ledger.note(expected.sha256, file.fileno(), before)


def _damaged(bundle: Bundle, fault: str) -> BundleError:
    return BundleError(f"bundle {bundle.tag} is damaged: {fault}")

"""Unpacking: read a `.bento` file without trusting anything in it.

Only the exact form that `ArchivePacker` writes is accepted. The entries follow each other without gaps, from the first byte to the
directory at the end. They are the plain files that `bento.json` lists, with the sizes and digests given there, and signatures. The paths in
a manifest are checked when it is read, so no other name ever becomes a path. A file that is refused leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from ..errors import BundleError
from ..opening import open_file
from .files.atomic import new_folder
from .files.room import check_room, check_size
from .manifest.formats import MAX_MANIFEST, read_manifest
from .manifest.paths import MANIFEST
from .model import Bundle, open_bundle
from .signing.signatures import is_signature, largest, parse_signatures

if TYPE_CHECKING:
    from .files.hashing import Progress
    from .manifest.manifest import Manifest

# Source: APPNOTE.TXT, sections 4.3.7 (local header), 4.3.14 to 4.3.16 (end records, and the place of the large one) and 4.4.4 (flags).
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_END: Final = struct.Struct("<4s8xL4xH")
_END_SIGNATURE: Final = b"PK\5\6"
_LARGE_END: Final = struct.Struct("<4s36xQ8x4s16x")
_LARGE_END_SIGNATURES: Final = (b"PK\6\6", b"PK\6\7")
_ENCRYPTED: Final = 0x0001 | 0x0040
_UTF8: Final = 0x0800
_FOLDER: Final = 0x10
_PIECE: Final = 1 << 20

# The errors that zipfile raises for bytes that are not a zip file; which one depends on the fault.
_GARBLED: Final = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OverflowError, ValueError)


def unpack_archive(file: Path, folder: Path, progress: Progress | None = None) -> Bundle:
    """Unpack a `.bento` file to `folder`, which does not exist yet, and return the verified bundle.

    A file that is not an archive, is damaged, or holds anything but the files its manifest lists is a BundleError that names the fault; an
    error of the disk is a StoreError. `progress` is called with the number of bytes written so far.
    """
    try:
        with _open(file) as source, new_folder(folder) as draft:
            _unpack(file, source, draft, progress)
    except BundleError as error:
        raise BundleError(f"cannot unpack {str(file)!r}: {error}") from error
    return open_bundle(folder)


def _open(file: Path) -> IO[bytes]:
    try:
        return io.BufferedReader(open_file(file, os.O_RDONLY))
    except OSError as error:
        raise BundleError(error.strerror or str(error)) from error


def _unpack(file: Path, source: IO[bytes], folder: Path, progress: Progress | None) -> None:
    try:
        _check_end(source)
        with zipfile.ZipFile(source) as archive:
            members = _members(archive)
            _check_layout(archive, source)
            content = _read_manifest(archive)
            manifest = read_manifest(content)
            _check_listed(members, manifest)
            size = sum(each.size for each in manifest.files)
            check_size(f"the bundle in {str(file)!r}", size)
            check_room(folder, size)
            digests = {each.path: each.sha256 for each in manifest.files}
            digests[MANIFEST] = hashlib.sha256(content).hexdigest()
            _extract_all(archive, members, digests, folder, progress)
            _extract_signatures(archive, members, folder)
    except _GARBLED as error:
        raise BundleError(f"it is not a whole archive: {error}") from error


def _check_end(source: IO[bytes]) -> None:
    """Check that the file ends with the end record, so that no reader finds another one, and that the directory is not too large."""
    size = source.seek(0, os.SEEK_END)
    source.seek(max(0, size - _END.size - _LARGE_END.size))
    before, end = (tail := source.read())[: -_END.size], tail[-_END.size :]
    signature, directory, comment = _END.unpack(end)
    if (signature, comment) != (_END_SIGNATURE, 0):
        raise BundleError("it is not a whole archive: it does not end as one")
    if len(before) == _LARGE_END.size:
        first, large, second = _LARGE_END.unpack(before)
        directory = max(directory, large) if (first, second) == _LARGE_END_SIGNATURES else directory
    # An entry of the directory is shorter than one of a manifest, so no bundle needs more; in memory, it takes far more.
    if directory > MAX_MANIFEST:
        raise BundleError(f"its directory has {directory} bytes, expected at most {MAX_MANIFEST}")


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        # Not `filename`, which zipfile cuts off at a null character.
        name = member.orig_filename
        if name in members:
            raise BundleError(f"{name!r} is in it twice")
        if member.flag_bits & _ENCRYPTED:
            raise BundleError(f"{name!r} is encrypted")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG) or member.external_attr & _FOLDER:
            raise BundleError(f"{name!r} is not a plain file")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BundleError(f"{name!r} is compressed by method {member.compress_type}: expected 0, stored, or 8, deflate")
        members[name] = member
    return members


def _check_layout(archive: zipfile.ZipFile, source: IO[bytes]) -> None:
    """Check that the entries fill the file up to the directory, without gaps or overlaps, and agree with their local headers."""
    end = 0
    for member in archive.infolist():
        name = member.orig_filename
        if member.header_offset != end:
            raise BundleError(f"{name!r} does not begin where the entry before it ends")
        source.seek(end)
        _, _, flags, method, _, _, crc, _, _, name_size, extra_size = _LOCAL.unpack(source.read(_LOCAL.size))
        if (flags, method, crc) != (member.flag_bits & _UTF8, member.compress_type, member.CRC):
            raise BundleError(f"{name!r} is described in two ways")
        end += _LOCAL.size + name_size + extra_size + member.compress_size
    if archive.start_dir != end:
        raise BundleError("there is something between its entries and its directory")


def _read_manifest(archive: zipfile.ZipFile) -> bytes:
    first = next(iter(archive.infolist()), None)
    if first is None or first.orig_filename != MANIFEST:
        raise BundleError(f"it does not begin with {MANIFEST}")
    if first.file_size > MAX_MANIFEST:
        raise BundleError(f"{MANIFEST!r} has {first.file_size} bytes, expected at most {MAX_MANIFEST}")
    return archive.read(first)


def _check_listed(members: Mapping[str, zipfile.ZipInfo], manifest: Manifest) -> None:
    listed = {file.path for file in manifest.files}
    for name in members:
        if name not in listed and name != MANIFEST and not is_signature(name):
            raise BundleError(f"{name!r} is not listed in {MANIFEST}")
    for file in manifest.files:
        if file.path not in members:
            raise BundleError(f"{file.path!r} is missing")
        if members[file.path].file_size != file.size:
            raise BundleError(f"{file.path!r} has {members[file.path].file_size} bytes, expected {file.size}")


def _extract_all(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], digests: Mapping[str, str], folder: Path, progress: Progress | None
) -> None:
    done = 0
    for path, expected in digests.items():
        digest = hashlib.sha256()
        for piece in _extract(archive, members[path], folder / path):
            digest.update(piece)
            done += len(piece)
            if progress is not None:
                progress(done)
        if digest.hexdigest() != expected:
            raise BundleError(f"{path!r} has changed")


def _extract_signatures(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], folder: Path) -> None:
    """Write the signatures, which the manifest does not list: there may be only a few, and each must be small and in canonical form."""
    found = [name for name in members if is_signature(name)]
    for name in found:
        if members[name].file_size > largest(name):
            raise BundleError(f"{name!r} has {members[name].file_size} bytes, expected at most {largest(name)}")
    for signature in parse_signatures(found, lambda name: archive.read(members[name])):
        (folder / signature.name).write_bytes(signature.encode())


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> Iterator[bytes]:
    """Write one file and yield each piece of it; zipfile reads no more of an entry than its size, which the manifest has confirmed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as packed, target.open("xb") as unpacked:
        while piece := packed.read(_PIECE):
            unpacked.write(piece)
            yield piece

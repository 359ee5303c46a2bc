"""PyTorch's zip archives: their sizes are checked before PyTorch opens them."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from bento import ArtifactError

_MOST_UNPACKED = 64 * 1024**2
"""In bytes, for all compressed entries together. PyTorch compresses only code."""


def check_archive(path: Path) -> None:
    """Refuse a file that is not a zip archive, or that would unpack to much more than its own size."""
    try:
        with ZipFile(path) as archive:
            entries = archive.infolist()
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ArtifactError(f"{str(path)!r} is damaged: {error}") from error
    stored = sum(entry.file_size for entry in entries if entry.compress_type == ZIP_STORED)
    unpacked = sum(entry.file_size for entry in entries if entry.compress_type != ZIP_STORED)
    if stored > path.stat().st_size or unpacked > _MOST_UNPACKED:
        raise ArtifactError(f"{str(path)!r} is damaged: its entries are larger than the file")

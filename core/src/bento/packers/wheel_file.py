"""Wheels, written so that the same files give the same bytes: uncompressed, with a fixed time and fixed modes.

Source: PyPA, "Binary distribution format".
"""

from __future__ import annotations

import hashlib
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_TIME: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_PIECE: Final = 1 << 20


class WheelFile:
    """A wheel that is being written, entry by entry."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._record: list[str] = []

    @classmethod
    @contextmanager
    def create(cls, path: Path, metadata: str) -> Iterator[WheelFile]:
        """A new wheel. At the end of the block, the RECORD is added to its metadata folder."""
        with zipfile.ZipFile(path, "x") as archive:  # not compressed, because the result would depend on the build of zlib
            wheel = cls(archive)
            yield wheel
            wheel.add(f"{metadata}/RECORD", BytesIO("".join([*wheel._record, f"{metadata}/RECORD,,\n"]).encode()))

    def add(self, name: str, source: IO[bytes], mode: int = 0o644) -> None:
        """Add one file."""
        entry = zipfile.ZipInfo(name, _TIME)
        entry.create_system = _UNIX
        entry.external_attr = (0o100000 | mode) << 16
        entry.file_size = source.seek(0, 2)  # zipfile uses it to decide whether the header needs room for a size over 2 GiB
        source.seek(0)
        digest = hashlib.sha256()
        with self._archive.open(entry, "w") as target:
            while piece := source.read(_PIECE):
                digest.update(piece)
                target.write(piece)
        encoded = urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
        quoted = f'"{name}"' if "," in name else name
        self._record.append(f"{quoted},sha256={encoded},{entry.file_size}\n")

"""Wheels: distributions that no index has, made again from how they are installed here, without a network.

The same installation gives the same bytes: entries sorted, stored as they are (what deflate makes differs between builds of zlib),
with one time and fixed modes.
"""

from __future__ import annotations

import hashlib
import zipfile
from base64 import urlsafe_b64encode
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from .installation import files_of, metadata_folder

if TYPE_CHECKING:
    from .installed import Installed

_TIME: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_PIECE: Final = 1 << 20


def build_wheel(installed: Installed, folder: Path) -> Path:
    """Write a distribution's wheel into `folder`; one that cannot be made again is a RequirementError that says how to install it."""
    files, metadata = files_of(installed), metadata_folder(installed)
    path = folder / _file_name(installed, files[f"{metadata}/WHEEL"].read_text("utf-8"))
    record = []
    with zipfile.ZipFile(path, "x") as wheel:
        for name in sorted(files, key=lambda name: (name.startswith(f"{metadata}/"), name)):
            with files[name].open("rb") as source:
                record.append(_add_script(wheel, name, source) if ".data/scripts/" in name else _add(wheel, name, source))
        _add(wheel, f"{metadata}/RECORD", BytesIO("".join([*record, f"{metadata}/RECORD,,\n"]).encode()))
    return path


def _add(wheel: zipfile.ZipFile, name: str, source: IO[bytes], mode: int = 0o644) -> str:
    """Add one file, and return its line of the RECORD. Source: PyPA, "Binary distribution format"."""
    entry = zipfile.ZipInfo(name, _TIME)
    entry.create_system = _UNIX
    entry.external_attr = (0o100000 | mode) << 16
    entry.file_size = source.seek(0, 2)  # decides whether the header has room for sizes over 2 GiB
    source.seek(0)
    digest = hashlib.sha256()
    with wheel.open(entry, "w") as target:
        while piece := source.read(_PIECE):
            digest.update(piece)
            target.write(piece)
    encoded = urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
    quoted = f'"{name}"' if "," in name else name
    return f"{quoted},sha256={encoded},{entry.file_size}\n"


def _add_script(wheel: zipfile.ZipFile, name: str, source: IO[bytes]) -> str:
    """Add a script as it was before an installer wrote the path of an interpreter into its first line."""
    first, newline, rest = source.read().partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        first = b"#!python"
    return _add(wheel, name, BytesIO(first + newline + rest), 0o755)


def _file_name(installed: Installed, wheel: str) -> str:
    """Source: PyPA, "Binary distribution format", file name convention; tags of one kind are joined by dots."""
    from packaging.version import Version

    tags = [tag.split("-") for tag in _field(wheel, "Tag")]
    joined = [".".join(sorted(set(parts))) for parts in zip(*tags, strict=True)]
    return "-".join([installed.name.replace("-", "_"), str(Version(installed.version)), *_field(wheel, "Build"), *joined]) + ".whl"


def _field(wheel: str, name: str) -> list[str]:
    """The values of a field of a WHEEL file, one from each of its lines."""
    lines = [line.partition(":") for line in wheel.splitlines()]
    return [value.strip() for key, _, value in lines if key == name]

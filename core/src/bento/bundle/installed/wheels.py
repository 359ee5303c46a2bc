"""Wheels: distributions that no index has, rebuilt from their installed files, without a network.

The same installation always gives the same bytes.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ...packers.wheel_file import WheelFile
from .installation import files_of, metadata_folder

if TYPE_CHECKING:
    from .environment import Installed


def build_wheel(installed: Installed, folder: Path) -> Path:
    """Write a distribution's wheel into `folder`; if that is impossible, a RequirementError says how to install it instead."""
    files, metadata = files_of(installed), metadata_folder(installed)
    path = folder / _file_name(installed, files[f"{metadata}/WHEEL"].read_text("utf-8"))
    with WheelFile.create(path, metadata) as wheel:
        for name in sorted(files, key=lambda name: (name.startswith(f"{metadata}/"), name)):
            with files[name].open("rb") as source:
                if ".data/scripts/" in name:
                    wheel.add(name, _as_built(source), 0o755)
                else:
                    wheel.add(name, source)
    return path


def _as_built(source: IO[bytes]) -> BytesIO:
    """A script as it was before an installer wrote the path of an interpreter into its first line."""
    first, newline, rest = source.read().partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        first = b"#!python"
    return BytesIO(first + newline + rest)


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

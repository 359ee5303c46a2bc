"""Room: how much of this machine's disk a bundle from elsewhere may take, whatever size others claim for it."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path
from typing import Final

from ...errors import StoreError

_LIMIT: Final = "BENTO_MAX_BUNDLE"
_UNITS: Final = {"": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
# Kept free for other programs: a twentieth of the disk, but at most this many bytes.
_RESERVE: Final = 10**9
_PART: Final = 20


def parse_size(text: str) -> int | None:
    """How many bytes a size such as `20GB` is, None if the text is not a size."""
    found = re.fullmatch(r"([0-9]{1,6}) ?(|kB|MB|GB|TB)", text)
    return int(found[1]) * _UNITS[found[2]] if found else None


def check_size(what: str, size: int) -> None:
    """Refuse a bundle that is larger than BENTO_MAX_BUNDLE allows."""
    text = os.environ.get(_LIMIT)
    if not text:
        return
    most = parse_size(text)
    if most is None:
        raise StoreError(f"{_LIMIT}={text!r} is not a size: write a number and kB, MB, GB or TB, such as 20GB")
    if size > most:
        raise StoreError(f"{what} has {size} bytes, and {_LIMIT}={text} allows {most}: set it higher to take this in")


def check_room(folder: Path, size: int) -> None:
    """Raise an OSError if writing `size` bytes would leave less than the reserve free on the disk."""
    disk = shutil.disk_usage(folder)
    reserve = min(_RESERVE, disk.total // _PART)
    if size > disk.free - reserve:
        raise OSError(errno.ENOSPC, f"{size} bytes are needed, and {disk.free} are free, of which {reserve} are kept free")

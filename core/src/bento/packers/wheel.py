"""WheelPacker: a bundle as a distribution that pip installs, with a command of its own."""

from __future__ import annotations

import hashlib
import re
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PackerError
from ..packer import Packer
from .archive import ArchivePacker
from .checked import checking, refuse_conda, wheels_of
from .contents import WHEELS, contents, copy_file, set_modes
from .distribution import Distribution
from .lock import LOCK, Locked, lock_of, lock_text
from .output import create
from .requirements import names_of
from .wheel_file import WheelFile

if TYPE_CHECKING:
    from ..bundle.model import Bundle

_VERSION = re.compile(r"[0-9A-Za-z.+!_-]{1,128}")


class WheelPacker(Packer):
    """Pack a bundle into a folder with a wheel of the bundle, and with the wheels that it needs and that no index has.

    The wheel has the bundle's name. It installs a command of that name (`iris serve`, `iris run`) and a package (`bundle_iris.load()`).
    `version` is the version of the distribution. By default it is the bundle's version, or the time when the bundle was saved if that is
    not a valid version (PEP 440). If the bundle has a lock, the folder also contains the lock, extended by the wheel itself.
    """

    name = "wheel"
    summary = "a folder with a wheel that pip installs, with a command to serve and run"

    def __init__(self, *, version: str | None = None) -> None:
        if version is not None and not _is_version(version):
            raise PackerError(f"WheelPacker(version={version!r}): expected a version as PEP 440 defines it, like '1.2.0'")
        self._version = version

    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the folder. Every value of the manifest is checked again; an invalid one is a PackerError."""
        with checking(bundle, "a wheel"), create(out) as draft:
            refuse_conda(bundle)
            distribution = Distribution.of(bundle, self._version or _version_of(bundle))
            draft.mkdir()
            digests = contents(bundle)
            for name in wheels_of(bundle):
                copy_file(bundle.path / WHEELS / name, draft / name, digests[f"{WHEELS}/{name}"])
            _write(bundle, distribution, draft)
            _lock(bundle, distribution, draft)
            set_modes(draft)
        return out


def _write(bundle: Bundle, distribution: Distribution, folder: Path) -> None:
    name = folder / distribution.file_name
    # Beside the draft, because models may be large, and on many machines the folder for temporary files is in memory.
    with tempfile.TemporaryDirectory(dir=folder.parent) as place, WheelFile.create(name, distribution.metadata_folder) as wheel:
        # As a single file, because pip would add compiled modules to the bundle, and a bundle must not contain extra files.
        archive = ArchivePacker().pack(bundle, Path(place, "bundle.bento"))
        with archive.open("rb") as file:
            wheel.add(f"{distribution.package}/bundle.bento", file)
        for path, text in distribution.files().items():
            wheel.add(path, BytesIO(text.encode()))


def _lock(bundle: Bundle, distribution: Distribution, folder: Path) -> None:
    """Write a lock with all distributions and the wheel itself, with hashes, because the metadata of a wheel cannot contain hashes."""
    locked = lock_of(bundle)
    if locked:
        digest = hashlib.sha256((folder / distribution.file_name).read_bytes()).hexdigest()
        own = Locked(names_of([distribution.name])[0], distribution.version, (digest,))
        (folder / LOCK).write_text(lock_text([*locked.values(), own], "."), encoding="utf-8")


def _is_version(text: str) -> bool:
    """Whether a text is a valid version (PEP 440)."""
    from packaging.version import InvalidVersion, Version

    try:
        return bool(_VERSION.fullmatch(text) and Version(text))
    except InvalidVersion:
        return False


def _version_of(bundle: Bundle) -> str:
    if _is_version(bundle.version):
        return bundle.version
    year, month, day, *time = re.findall(r"\d+", bundle.manifest.created)
    return f"{int(year)}.{int(month)}.{int(day)}.{int(''.join(time))}"

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
    """Pack a bundle into a folder with a wheel of it, and the wheels that it needs and no index has.

    The wheel has the bundle's name. Installed, it brings a command of that name, `iris serve`, `iris run`, and a package,
    `bundle_iris.load()`. `version` is the distribution's; without it, it is the bundle's, or the time when the bundle was saved if
    that is no version by PEP 440. The lock of a bundle that has one lies beside the wheel, and names that as well.
    """

    name = "wheel"
    summary = "a folder with a wheel that pip installs, with a command to serve and ask"

    def __init__(self, *, version: str | None = None) -> None:
        if version is not None and not _is_version(version):
            raise PackerError(f"WheelPacker(version={version!r}): expected a version as PEP 440 has it, like '1.2.0'")
        self._version = version

    def pack(self, bundle: Bundle, out: Path) -> Path:
        """Write the folder. Each value of the manifest is checked again by the type of its field: a wrong one is a PackerError."""
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
    # Beside the draft: there has to be room for a model, and a machine's folder for temporary files may be its memory.
    with tempfile.TemporaryDirectory(dir=folder.parent) as place, WheelFile.create(name, distribution.metadata_folder) as wheel:
        # As one file: pip compiles the modules that it installs, and a bundle has no place for files of others.
        archive = ArchivePacker().pack(bundle, Path(place, "bundle.bento"))
        with archive.open("rb") as file:
            wheel.add(f"{distribution.package}/bundle.bento", file)
        for path, text in distribution.files().items():
            wheel.add(path, BytesIO(text.encode()))


def _lock(bundle: Bundle, distribution: Distribution, folder: Path) -> None:
    """Write everything that is installed with the wheel, and the wheel itself, with hashes; metadata of a wheel has no place for these."""
    locked = lock_of(bundle)
    if locked:
        digest = hashlib.sha256((folder / distribution.file_name).read_bytes()).hexdigest()
        own = Locked(names_of([distribution.name])[0], distribution.version, (digest,))
        (folder / LOCK).write_text(lock_text([*locked.values(), own], "."), encoding="utf-8")


def _is_version(text: str) -> bool:
    """Whether a text is a version by PEP 440."""
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

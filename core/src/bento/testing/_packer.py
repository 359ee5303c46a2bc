"""What the tests for a packer are made of: its author's part, and the checks that several tests share."""

from __future__ import annotations

import asyncio
import inspect
import shutil
import tarfile
import tempfile
import unittest
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ..bundle.manifest.paths import MANIFEST
from ..errors import BentoError
from ._files import contents
from ._kit import expect
from ._sums import sums

if TYPE_CHECKING:
    from ..bundle import Bundle
    from ..packer import Packer
    from ..service import Service


class PackerChecks:
    """A packer, a bundle to pack, what the bundle's service is asked, and the way back from what was packed."""

    packer: ClassVar[Packer]

    def service(self) -> Service:
        """The service whose bundle is packed; by default a small one that adds up prices."""
        return sums()

    def requests(self) -> Mapping[str, Any]:
        """What the service is asked, as the values that its apis are called with, by api."""
        if type(self).service is not PackerChecks.service:
            raise NotImplementedError(
                f"{type(self).__name__}.requests() is missing: return a value for each api of service() to be called with"
            )
        return {"total": ["tea", "coffee", "tea"]}

    def unpack(self, packed: Path, folder: Path) -> Path:
        """Get the bundle back from what was packed, into the empty `folder`, and return its folder.

        By default that is where the manifest lies in a folder, zip or tar. Anything else leaves the tests out that look at it.
        """
        if packed.is_dir():
            shutil.copytree(packed, folder, dirs_exist_ok=True)
        elif tarfile.is_tarfile(packed):  # asked first: a tar that ends in a wheel passes for a zip
            shutil.unpack_archive(packed, folder, "tar", filter="data")
        elif zipfile.is_zipfile(packed):
            shutil.unpack_archive(packed, folder, "zip")
        found = sorted(folder.rglob(MANIFEST), key=lambda path: len(path.parts))
        if not found:
            raise unittest.SkipTest(f"define {type(self).__name__}.unpack() to have it tested that the bundle is in what was packed")
        return found[0].parent

    @contextmanager
    def _bundle(self) -> Iterator[Bundle]:
        """A saved bundle, in a store of its own."""
        from ..store import Store

        with tempfile.TemporaryDirectory() as root:
            yield Store(Path(root)).save(self.service(), version="1")

    @contextmanager
    def _packed(self) -> Iterator[tuple[Bundle, Path]]:
        """A bundle, and what it was packed as, alone in a folder."""
        with self._bundle() as bundle, tempfile.TemporaryDirectory() as place:
            yield bundle, self._pack(bundle, Path(place, "out"))

    def _pack(self, bundle: Bundle, out: Path) -> Path:
        packed = self.packer.pack(bundle, out)
        expect(isinstance(packed, Path), f"pack() returns {packed!r}: return the path of what was written")
        expect(packed == out or out in packed.parents, f"pack() returns {str(packed)!r}: write at {str(out)!r}, or in a folder there")
        expect(packed.exists(), f"pack() returns {str(packed)!r}, where nothing is")
        return packed

    def _check_refused(self, bundle: Bundle, out: Path, what: str) -> None:
        before = sorted(out.parent.rglob("*"))
        try:
            self.packer.pack(bundle, out)
        except BentoError:
            left = sorted(path.name for path in set(out.parent.rglob("*")) - set(before))
            expect(not left, f"{what}, pack() leaves {', '.join(left)}: write beside the place and rename, as bento.packers.create does")
        except Exception as error:
            raise AssertionError(f"{what}, pack() raises {type(error).__name__}: {error}: make it a PackerError") from error
        else:
            raise AssertionError(f"{what}, pack() makes something all the same: make it a PackerError")


def answer(service: Service, api: str, value: object) -> Any:
    """What an api returns, without a server."""
    returned = getattr(service, api)(value)
    return asyncio.run(returned) if inspect.iscoroutine(returned) else returned


def shown(packed: Path) -> dict[str, bytes]:
    """The bytes of what was packed, by relative path."""
    return contents(packed) if packed.is_dir() else {"the file": packed.read_bytes()}


def modes(packed: Path) -> dict[str, int]:
    """The permissions of everything in a packed folder, by relative path."""
    return {str(path.relative_to(packed)): path.stat().st_mode for path in packed.rglob("*")}


def differing(one: Mapping[str, object], other: Mapping[str, object]) -> str:
    """The names under which two mappings differ."""
    return ", ".join(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))

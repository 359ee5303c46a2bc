"""The base of the packer kit: the methods that a plugin's author defines, and the checks that several tests share."""

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
    """A packer, a bundle to pack, requests for the bundle's service, and how to unpack the bundle again."""

    packer: ClassVar[Packer]

    def service(self) -> Service:
        """The service whose bundle is packed. By default a small one that adds up prices."""
        return sums()

    def requests(self) -> Mapping[str, Any]:
        """The requests for the service: for each api, the value that it is called with."""
        if type(self).service is not PackerChecks.service:
            raise NotImplementedError(
                f"{type(self).__name__}.requests() is missing: return a value for each api of service() to be called with"
            )
        return {"total": ["tea", "coffee", "tea"]}

    def unpack(self, packed: Path, folder: Path) -> Path:
        """Unpack the bundle into the empty `folder`, and return the bundle's folder.

        By default, `packed` is a folder, a zip or a tar, and the bundle's folder is the one that holds the manifest. For any other format,
        the tests that look at the unpacked bundle are skipped unless you define this method.
        """
        if packed.is_dir():
            shutil.copytree(packed, folder, dirs_exist_ok=True)
        elif tarfile.is_tarfile(packed):  # before zip, because a tar that ends in a wheel looks like a zip
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
        """A bundle, and the path of its packed form, which is alone in a folder."""
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
    """The result of an api, called without a server."""
    returned = getattr(service, api)(value)
    return asyncio.run(returned) if inspect.iscoroutine(returned) else returned


def shown(packed: Path) -> dict[str, bytes]:
    """The bytes of the packed files, by relative path."""
    return contents(packed) if packed.is_dir() else {"the file": packed.read_bytes()}


def modes(packed: Path) -> dict[str, int]:
    """The permissions of all files and folders in a packed folder, by relative path."""
    return {str(path.relative_to(packed)): path.stat().st_mode for path in packed.rglob("*")}


def differing(one: Mapping[str, object], other: Mapping[str, object]) -> str:
    """The keys at which two mappings differ, as a text."""
    return ", ".join(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))

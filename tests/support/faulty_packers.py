"""Packers with one fault each, for the table in tests/testing/test_faults.py."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

from bento import Packer, PackerError
from bento.packers import create


class FolderPacker(Packer):
    """A packer without a fault: it copies the bundle."""

    name = "folder"
    summary = "a folder that holds the bundle"

    def pack(self, bundle, out):
        with create(out) as draft:
            for path in ("bento.json", *(file.path for file in bundle.manifest.files)):
                (draft / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(bundle.path / path, draft / path)
            self.spoil(bundle, draft)
            for path in draft.rglob("*"):
                path.chmod(0o755 if path.is_dir() else 0o644)
        return out

    def spoil(self, bundle, draft):
        """The other packers put their faults here."""


class DatedPacker(FolderPacker):
    def spoil(self, bundle, draft):
        (draft / "packed").write_text(str(time.perf_counter_ns()))


class LitteringPacker(FolderPacker):
    def spoil(self, bundle, draft):
        draft.parents[1].joinpath("packing.log").write_text("packed")


class MarkingPacker(FolderPacker):
    def spoil(self, bundle, draft):
        (bundle.path / "packed").write_text("")


class PlacedPacker(FolderPacker):
    def spoil(self, bundle, draft):
        (draft / "packed").write_text(str(Path.cwd()))


class OverwritingPacker(FolderPacker):
    def pack(self, bundle, out):
        if out.is_file():
            out.unlink()
        return Path(shutil.copytree(bundle.path, out, dirs_exist_ok=True))


class HalfwayPacker(FolderPacker):
    def pack(self, bundle, out):
        try:
            out.mkdir()
            for file in bundle.manifest.files:
                (out / file.path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(bundle.path / file.path, out / file.path)
        except OSError as error:
            raise PackerError(str(error)) from error
        return out


class LosingPacker(FolderPacker):
    def spoil(self, bundle, draft):
        (draft / "README.md").unlink()


class SilentPacker(FolderPacker):
    def pack(self, bundle, out):
        super().pack(bundle, out)


class RepricingPacker(FolderPacker):
    """Packs another model, and a manifest that fits it."""

    def spoil(self, bundle, draft):
        model, manifest = draft / "artifacts/prices/model.json", draft / "bento.json"
        before = model.read_bytes()
        model.write_bytes(before.replace(b"4", b"5"))
        manifest.write_text(manifest.read_text().replace(*(hashlib.sha256(each).hexdigest() for each in (before, model.read_bytes()))))


class CapitalPacker(FolderPacker):
    name = "My Folder"

"""The packer kit catches each fault of a deliberately bad packer, by the test that is named for it, and says what to do."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tarfile
import time
import unittest
import zipfile
from pathlib import Path

import pytest

import bento
from bento import Packer
from bento.artifacts import JsonArtifact
from bento.packers import create
from bento.testing import PackerTests, check


class FolderPacker(Packer):
    """A good packer: the bundle in a folder, with a note."""

    name = "folder"
    summary = "a folder that holds the bundle"

    def pack(self, bundle, out):
        with create(out) as draft:
            copy(bundle, draft / "bundle")
            (draft / "note.txt").write_text(str(bundle.tag))
            set_modes(draft)
        return out


def copy(bundle, folder):
    """The files of a bundle, without their permissions and times."""
    for path in ("bento.json", *(file.path for file in bundle.manifest.files)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle.path / path, folder / path)


def set_modes(folder):
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


class TestFolderPacker(PackerTests):
    packer = FolderPacker()


class BlobPacker(Packer):
    """A good packer, with a format that only it can read."""

    name = "blob"
    summary = "one file of our own"

    def pack(self, bundle, out):
        names = ("bento.json", *sorted(file.path for file in bundle.manifest.files))
        with create(out) as draft:
            draft.write_text(json.dumps({name: (bundle.path / name).read_bytes().hex() for name in names}))
        return out


class TestBlobPacker(PackerTests):
    packer = BlobPacker()

    def unpack(self, packed, folder):
        for name, content in json.loads(packed.read_text()).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(bytes.fromhex(content))
        return folder


def bad(pack, **members):
    """The kit's tests for a packer with one fault, which `pack(draft, bundle)` puts into its output."""

    class BadPacker(FolderPacker):
        def pack(self, bundle, out):
            with create(out) as draft:
                copy(bundle, draft / "bundle")
                set_modes(draft)
                pack(draft, bundle)
            return out

    return of(BadPacker(), **members)


def of(packer, **members):
    return type("TestBad", (PackerTests,), {"packer": packer, **members})


def advice(tests, test):
    with pytest.raises(AssertionError) as error:
        getattr(tests(), test)()
    return str(error.value)


@pytest.mark.parametrize("tests", [TestFolderPacker, TestBlobPacker])
def test_a_good_packer_passes_every_test_of_the_kit(tests):
    assert {name: error for name, error in check(tests).items() if error} == {}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"name": "My Folder"}, "BadPacker.name is 'My Folder': use a-z, 0-9 and '-'"),
        ({"summary": ""}, "BadPacker.summary is '': say in one line what it makes"),
        ({"summary": "one\ntwo"}, "BadPacker.summary is 'one\\ntwo': say in one line what it makes"),
    ],
)
def test_a_class_that_does_not_say_what_it_is_is_reported(members, message):
    assert advice(of(type("BadPacker", (FolderPacker,), members)()), "test_the_class_says_what_it_is") == message


def test_a_class_that_is_not_called_a_packer_is_reported():
    assert (
        advice(of(type("Folder", (FolderPacker,), {})()), "test_the_class_says_what_it_is") == "Folder is a packer: end its name in Packer"
    )


@pytest.mark.parametrize(
    ("pack", "message"),
    [
        (lambda out: [out.mkdir(), None][1], r"pack\(\) returns None: return the path of what was written"),
        (lambda out: [out.mkdir(), out][1], r"pack\(\) makes an empty folder at '[^']*/out'"),
        (lambda out: out, r"pack\(\) returns '[^']*/out', where nothing is"),
        (lambda out: out.parent, r"pack\(\) returns '[^']*': write at '[^']*/out', or in a folder there"),
    ],
)
def test_a_packer_that_does_not_return_what_it_wrote_is_reported(pack, message):
    class BadPacker(FolderPacker):
        def pack(self, bundle, out):
            return pack(out)

    assert re.fullmatch(message, advice(of(BadPacker()), "test_packing_returns_what_it_wrote"))


@pytest.mark.parametrize("litter", [lambda draft: draft.parents[1] / "packing.log", lambda draft: Path("packing.log")])
def test_a_packer_that_leaves_something_beside_is_reported(litter):
    tests = bad(lambda draft, bundle: litter(draft).touch())
    assert advice(tests, "test_packing_writes_only_at_its_place") == "pack() leaves packing.log beside what it makes"


@pytest.mark.parametrize(
    "change",
    [lambda bundle: (bundle.path / "packed").touch(), lambda bundle: os.utime(bundle.path / "bento.json", (1, 1))],
)
def test_a_packer_that_changes_the_bundle_is_reported(change):
    tests = bad(lambda draft, bundle: change(bundle))
    assert advice(tests, "test_packing_does_not_change_the_bundle") == "pack() changes the bundle: copy what has to be different"


@pytest.mark.parametrize(
    "content",
    [
        lambda bundle: str(time.perf_counter_ns()),
        lambda bundle: str(bundle.path),
        lambda bundle: str((bundle.path / "bento.json").stat().st_mtime),
        lambda bundle: str((bundle.path / "README.md").stat().st_mode),
    ],
    ids=["the time", "the place", "a file's time", "a file's permissions"],
)
def test_a_packer_whose_output_depends_on_the_machine_is_reported(content):
    tests = bad(lambda draft, bundle: (draft / "made").write_text(content(bundle)))
    message = "the same bundle packed twice differs in made: write no times, paths, owners or permissions of this machine"
    assert advice(tests, "test_packing_twice_gives_the_same_bytes") == message


def test_a_packer_whose_output_depends_on_the_current_folder_is_reported():
    tests = bad(lambda draft, bundle: (draft / "made").write_text(str(Path.cwd())))
    message = "packed in another folder and under another umask, made differs"
    assert advice(tests, "test_packing_depends_on_no_current_folder_and_no_umask") == message


def test_a_packer_that_leaves_permissions_to_the_umask_is_reported():
    tests = bad(lambda draft, bundle: (draft / "made").touch())
    message = "the permissions of made depend on the umask: set them"
    assert advice(tests, "test_packing_depends_on_no_current_folder_and_no_umask") == message


class OverwritingPacker(FolderPacker):
    """Overwrites whatever is at its output path."""

    def pack(self, bundle, out):
        if out.is_file():
            out.unlink()
        shutil.copytree(bundle.path, out, dirs_exist_ok=True)
        return out


class MergingPacker(FolderPacker):
    """Writes into an empty folder that exists."""

    def pack(self, bundle, out):
        if out.is_dir():
            return Path(shutil.copytree(bundle.path, out, dirs_exist_ok=True))
        return super().pack(bundle, out)


class DestructivePacker(FolderPacker):
    """Empties the file at its output path, and only then refuses to overwrite it."""

    def pack(self, bundle, out):
        if out.is_file():
            out.write_bytes(b"")
        return super().pack(bundle, out)


@pytest.mark.parametrize(
    ("packer", "message"),
    [
        (OverwritingPacker(), "where a file is, pack() makes something all the same: make it a PackerError"),
        (MergingPacker(), "where an empty folder is, pack() makes something all the same: make it a PackerError"),
        (DestructivePacker(), "pack() changes what was in its place before it refuses"),
    ],
)
def test_a_packer_that_writes_to_an_existing_path_is_reported(packer, message):
    assert advice(of(packer), "test_a_taken_place_is_refused") == message


class HalfwayPacker(FolderPacker):
    """Writes directly to its output path, and leaves a part of it on a failure."""

    def pack(self, bundle, out):
        out.mkdir()
        try:
            copy(bundle, out)
        except OSError as error:
            raise bento.PackerError(str(error)) from error
        return out


class RawPacker(FolderPacker):
    """Does not turn errors of the disk into a PackerError."""

    def pack(self, bundle, out):
        content = b"".join((bundle.path / file.path).read_bytes() for file in bundle.manifest.files)
        out.write_bytes(content)
        return out


class BlindPacker(FolderPacker):
    """Packs the files it finds, without verifying the bundle."""

    def pack(self, bundle, out):
        with create(out) as draft:
            shutil.copytree(bundle.path, draft)
        return out


@pytest.mark.parametrize(
    ("packer", "message"),
    [
        (HalfwayPacker(), "of a bundle whose 'README.md' is gone, pack() leaves bento.json, out: write beside the place and rename, "),
        (RawPacker(), "of a bundle whose 'README.md' is gone, pack() raises FileNotFoundError: "),
        (BlindPacker(), "of a bundle whose 'README.md' is gone, pack() makes something all the same: make it a PackerError"),
    ],
)
def test_a_packer_that_fails_uncleanly_is_reported(packer, message):
    assert advice(of(packer), "test_a_failure_leaves_nothing").startswith(message)


@pytest.mark.parametrize(
    ("spoil", "missing"),
    [
        (lambda draft: (draft / "bundle/src/bento_testing_sums.py").unlink(), "src/bento_testing_sums.py"),
        (lambda draft: (draft / "bundle/README.md").write_text("rewritten"), "README.md"),
        (lambda draft: (draft / "bundle/more").touch(), "more"),
    ],
)
def test_a_packer_that_loses_or_changes_a_file_is_reported(spoil, missing):
    tests = bad(lambda draft, bundle: spoil(draft))
    assert advice(tests, "test_every_file_of_the_bundle_is_packed") == f"what was packed does not hold {missing} as the bundle has it"


def repriced(draft, bundle):
    """Another model, and a manifest that fits it."""
    model, manifest = draft / "bundle/artifacts/prices/model.json", draft / "bundle/bento.json"
    before = model.read_bytes()
    model.write_bytes(before.replace(b"4", b"5"))
    digests = [hashlib.sha256(content).hexdigest() for content in (before, model.read_bytes())]
    manifest.write_text(manifest.read_text().replace(*digests))


def test_a_packer_that_changes_the_answers_is_reported():
    message = "what was packed answers 11 to total, the bundle 10"
    assert advice(bad(repriced), "test_what_was_packed_answers_as_the_bundle_does") == message


def test_the_files_of_an_unknown_format_are_not_checked_without_an_unpack_method():
    with pytest.raises(unittest.SkipTest, match=r"^define TestBad\.unpack\(\) to have it tested that the bundle is in what was packed$"):
        of(BlobPacker())().test_every_file_of_the_bundle_is_packed()


class ZipPacker(Packer):
    """A zip with the bundle somewhere inside."""

    name = "zip"
    summary = "a zip"

    def pack(self, bundle, out):
        with create(out) as draft, zipfile.ZipFile(draft, "w") as archive:
            for path in ("bento.json", *(file.path for file in bundle.manifest.files)):
                archive.writestr(zipfile.ZipInfo(f"deep/inside/{path}"), (bundle.path / path).read_bytes())
        return out


class TarPacker(Packer):
    """A tar with the bundle at its top."""

    name = "tar"
    summary = "a tar"

    def pack(self, bundle, out):
        with create(out) as draft, tarfile.open(draft, "w") as archive:
            for path in ("bento.json", *(file.path for file in bundle.manifest.files)):
                entry = tarfile.TarInfo(path)
                entry.size = (bundle.path / path).stat().st_size
                with (bundle.path / path).open("rb") as file:
                    archive.addfile(entry, file)
        return out


class TestTarPacker(PackerTests):
    packer = TarPacker()


class Doubled(bento.Service):
    factor = JsonArtifact()

    @bento.api
    async def times(self, value: object) -> object:
        return self.factor * value


class TestZipWithAServiceOfItsOwn(PackerTests):
    packer = ZipPacker()

    def service(self):
        return Doubled(factor=2)

    def requests(self):
        return {"times": 21}


def test_a_test_class_with_its_own_service_needs_requests():
    tests = of(ZipPacker(), service=lambda self: Doubled(factor=2))
    message = r"^TestBad\.requests\(\) is missing: return a value for each api of service\(\) to be called with$"
    with pytest.raises(NotImplementedError, match=message):
        tests().test_what_was_packed_answers_as_the_bundle_does()

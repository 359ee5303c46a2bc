"""A file that many bundles hold is on the disk once, and no bundle suffers from that."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest

from bento.bundle import open_bundle, verify
from bento.errors import BundleError
from bento.packers import ArchivePacker

MODEL = b"weights" * 300_000


@pytest.fixture
def take_in(make_bundle, store, tmp_path):
    """Unpack an archive of these files into the store."""

    def take_in(version: str, files: dict[str, bytes]):
        bundle = make_bundle(tmp_path / "made" / version, files, version=version)
        return store.unpack(ArchivePacker().pack(bundle, tmp_path / f"{version}.bento"))

    return take_in


def files(version: str) -> dict[str, bytes]:
    return {"artifacts/model/weights": MODEL, "src/iris.py": version.encode()}


def used(folder: Path) -> int:
    """The bytes of the files in a folder, each counted once however many names it has."""
    return sum({(status := path.stat()).st_ino: status.st_size for path in folder.rglob("*") if path.is_file()}.values())


def blobs(store) -> list[Path]:
    return list((store.root / "blobs").iterdir())


def test_twenty_versions_with_one_changed_file_take_little_more_than_one(store, take_in):
    take_in("v0", files("v0"))
    one = used(store.root)
    for number in range(1, 20):
        take_in(f"v{number}", files(f"v{number}"))
    assert used(store.root) < one + 19 * 5000
    for bundle in store.list():
        verify(bundle)


def test_a_saved_bundle_shares_with_one_saved_before(store, service):
    one, two = store.save(service, version="1"), store.save(service, version="2")
    for file in one.manifest.files:
        assert (one.path / file.path).samefile(two.path / file.path)


@pytest.fixture
def watched(store, monkeypatch):
    """The links of the files of `iris:2` at the moment it gets its name; then another process removes it."""
    folder, sync = store.root / "bundles/iris/2", os.fsync
    names: list[int] = []

    def look(descriptor: int) -> None:
        sync(descriptor)
        if folder.exists() and os.path.samestat(os.fstat(descriptor), store.root.stat()):
            names.extend((folder / file.path).stat().st_nlink for file in open_bundle(folder).manifest.files)
            shutil.rmtree(folder)

    monkeypatch.setattr(os, "fsync", look)
    return names


def test_a_bundle_shares_its_files_before_others_can_see_and_delete_it(store, service, watched):
    store.save(service, version="1")
    assert str(store.save(service, version="2")) == "iris:2"
    assert set(watched) == {3}


def test_an_unpacked_bundle_shares_its_files_before_others_can_see_and_delete_it(take_in, watched):
    take_in("1", {"artifacts/model/weights": MODEL})
    assert str(take_in("2", {"artifacts/model/weights": MODEL})) == "iris:2"
    assert set(watched) == {3}


def test_a_bundle_deleted_while_it_is_unpacked_again_is_unpacked_anew(store, make_bundle, tmp_path, monkeypatch):
    file, remove = ArchivePacker().pack(make_bundle(tmp_path / "made"), tmp_path / "iris.bento"), shutil.rmtree
    here = store.unpack(file).path

    def delete_both(folder: Path) -> None:
        monkeypatch.undo()
        remove(folder)
        remove(here)

    monkeypatch.setattr(shutil, "rmtree", delete_both)
    verify(store.unpack(file))


def test_equal_files_of_one_bundle_are_one(store, take_in):
    bundle = take_in("1", {"artifacts/model/a": MODEL, "artifacts/model/b": MODEL})
    assert (bundle.path / "artifacts/model/a").samefile(bundle.path / "artifacts/model/b")
    verify(bundle)


def test_shared_files_cannot_be_written_to_and_the_manifest_is_not_shared(store, service):
    bundle = store.save(service, version="1")
    assert {(bundle.path / file.path).stat().st_mode & 0o777 for file in bundle.manifest.files} == {0o444}
    assert (bundle.path / "bento.json").stat().st_nlink == 1


def test_deleting_a_bundle_keeps_the_blobs_that_others_share(store, take_in):
    take_in("1", files("1"))
    two = take_in("2", files("2"))
    store.delete("iris:1")
    verify(two)
    assert {blob.name for blob in blobs(store)} == {file.sha256 for file in two.manifest.files}
    store.delete("iris:2")
    assert blobs(store) == []


def test_deleting_a_damaged_bundle_frees_its_blobs_too(store, take_in):
    bundle = take_in("1", files("1"))
    (bundle.path / "bento.json").unlink()
    store.delete("iris:1")
    assert blobs(store) == []


def test_a_file_changed_in_one_bundle_is_noticed_in_each_that_shares_it_and_never_shared_again(store, take_in):
    one, two = take_in("1", files("1")), take_in("2", files("2"))
    shared = one.path / "artifacts/model/weights"
    shared.chmod(0o644)
    with shared.open("r+b") as file:
        file.write(b"W")
    for bundle in (one, two):
        with pytest.raises(BundleError) as caught:
            verify(bundle)
        assert str(caught.value) == f"bundle {bundle.tag} is damaged: 'artifacts/model/weights' has changed"
    verify(take_in("3", files("3")))
    verify(take_in("4", files("4")))
    assert (store.get("iris:3").path / "artifacts/model/weights").samefile(store.get("iris:4").path / "artifacts/model/weights")


@pytest.mark.parametrize("content", [b"", MODEL[:-1], MODEL + b"s"])
def test_a_blob_that_has_another_size_is_not_shared(store, take_in, content):
    blob = store.root / "blobs" / next(file.sha256 for file in take_in("1", files("1")).manifest.files if file.size == len(MODEL))
    blob.unlink()
    blob.write_bytes(content)
    verify(take_in("2", files("2")))
    verify(store.get("iris:1"))


def test_replacing_a_file_changes_only_that_bundle(store, take_in):
    one, two = take_in("1", files("1")), take_in("2", files("2"))
    (one.path / "new").write_bytes(b"other")
    (one.path / "new").replace(one.path / "artifacts/model/weights")
    with pytest.raises(BundleError, match="'artifacts/model/weights' has 5 bytes, expected"):
        verify(one)
    verify(two)


@pytest.fixture
def other_disk():
    """A folder on another file system, to which no file here can be linked."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no second file system to write to")
    folder = Path(mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


def test_without_hard_links_each_bundle_has_its_own_files(store, take_in, other_disk):
    if other_disk.stat().st_dev == store.root.parent.stat().st_dev:
        pytest.skip("the tests' folder is on that file system, too")
    store.root.mkdir()
    (store.root / "blobs").symlink_to(other_disk)
    one, two = take_in("1", files("1")), take_in("2", files("2"))
    verify(one)
    verify(two)
    assert not (one.path / "artifacts/model/weights").samefile(two.path / "artifacts/model/weights")
    store.delete("iris:1")
    verify(two)

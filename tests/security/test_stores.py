"""Stores with links, whose targets are never taken for bundles, changed or deleted; stores with pipes, which are not waited for; and
who may write to a store.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from bento.bundle import Ledger, verify
from bento.bundle.files.ledger import SMALL
from bento.errors import BundleError, SigningError, StoreError, UntrustedError
from bento.packers import ArchivePacker
from bento.store import Store, check_trust, find, pull, push
from bento.store.trust.keyring import named_signers
from bento.store.trust.provenance import provenance


@pytest.fixture
def archive(make_bundle, tmp_path) -> Path:
    return ArchivePacker().pack(make_bundle(tmp_path / "bundle"), tmp_path / "iris.bento")


@pytest.fixture
def outside(tmp_path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/precious").write_text("precious")
    return tmp_path / "outside"


def unharmed(outside: Path) -> bool:
    return [path.name for path in outside.iterdir()] == ["precious"] and (outside / "precious").read_text() == "precious"


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("no_umask")
def test_other_users_may_not_write_to_any_folder_of_a_store_whatever_the_umask(archive, tmp_path):
    store, remote = Store(tmp_path / "above/store"), f"file://{tmp_path}/remote"
    push(store.unpack(archive, trust=True), remote, store=store)
    find(f"{remote}/iris:3", store=store)
    pull("iris:3", remote, store=Store(store.root / "another"))
    folders = [store.root.parent, store.root, *(path for path in store.root.rglob("*") if path.is_dir())]
    assert {path.name for path in folders} >= {"above", "blobs", "bundles", "cache", "leases", "origins", "partial", "tmp", "trusted"}
    assert [path for path in folders if path.stat().st_mode & stat.S_IWOTH] == []
    assert len(store.summaries()) == 1
    assert stat.S_IMODE((store.root / "index").stat().st_mode) == 0o664


def test_a_store_may_be_reached_by_a_link(archive, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    store = Store(tmp_path / "link")
    verify(store.unpack(archive))
    assert [str(bundle) for bundle in Store(tmp_path / "real").list()] == ["iris:3"]
    store.delete("iris:3")
    assert Store(tmp_path / "real").list() == []


def test_a_version_that_is_a_link_is_deleted_without_what_it_leads_to(tmp_path, outside):
    store = Store(tmp_path / "store")
    (store.root / "bundles/iris").mkdir(parents=True)
    (store.root / "bundles/iris/3").symlink_to(outside)
    with pytest.raises(BundleError):
        store.get("iris:3")
    assert store.list() == []
    store.delete("iris:3")
    assert unharmed(outside)
    assert not os.path.lexists(store.root / "bundles/iris/3")
    assert [path.name for path in (store.root / "tmp").iterdir()] == []


def test_a_version_that_is_a_link_is_not_written_through(archive, tmp_path, outside):
    store = Store(tmp_path / "store")
    (store.root / "bundles/iris").mkdir(parents=True)
    (store.root / "bundles/iris/3").symlink_to(outside)
    with pytest.raises((StoreError, BundleError)):
        store.unpack(archive)
    assert unharmed(outside)


def test_a_leftover_that_is_a_link_is_swept_without_what_it_leads_to(archive, tmp_path, outside):
    store = Store(tmp_path / "store")
    (store.root / "tmp").mkdir(parents=True)
    (store.root / "tmp/leftover").symlink_to(outside)
    (store.root / "tmp/leftover.lease").touch()
    store.unpack(archive)
    assert unharmed(outside)


def make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


no_file = pytest.mark.parametrize("make", [os.mkfifo, make_device, Path.mkdir])


@no_file
def test_a_lock_that_is_not_a_plain_file_is_not_waited_for(archive, tmp_path, make):
    store = Store(tmp_path / "store")
    store.root.mkdir()
    make(store.root / ".lock")
    with pytest.raises(
        StoreError, match=rf"^cannot .* in the store at {store.root}: (Not a plain file|Is a directory): {store.root}/\.lock$"
    ):
        store.unpack(archive)


@no_file
@pytest.mark.parametrize("name", ["index", ".index"])
def test_an_index_that_is_not_a_plain_file_is_ignored(archive, tmp_path, make, name):
    store = Store(tmp_path / "store")
    store.unpack(archive)
    make(store.root / name)
    assert [str(each) for each in store.summaries()] == ["iris:3"]


@no_file
@pytest.mark.parametrize("kind", ["origins", "trusted"])
def test_a_note_about_trust_or_origin_that_is_not_a_plain_file_is_ignored(archive, tmp_path, make, kind):
    store = Store(tmp_path / "store")
    bundle = store.unpack(archive, trust=True)
    note = store.root / kind / bundle.fingerprint
    note.unlink()
    make(note)
    told = provenance(bundle, store)
    assert (told["origin"] is None, told["trusted"] is None) == (kind == "origins", kind == "trusted")
    with nullcontext() if kind == "origins" else pytest.raises(UntrustedError):
        check_trust(bundle, store=store)


@no_file
@pytest.mark.parametrize("suffix", ["", ".draft"])
def test_a_record_of_verified_files_that_is_not_a_plain_file_is_ignored(make_bundle, tmp_path, make, suffix):
    bundle = make_bundle(tmp_path / "bundle", {"artifacts/model/weights": bytes(SMALL)})
    ledger = Ledger(tmp_path / "verified", settle=0)
    verify(bundle, ledger=ledger)
    (record,) = (tmp_path / "verified").iterdir()
    record.unlink()
    make(record.with_name(record.name + suffix))
    verify(bundle, ledger=ledger)


@pytest.mark.parametrize("make", [os.mkfifo, make_device])
def test_a_key_in_the_folder_of_keys_that_is_not_a_plain_file_is_not_waited_for(tmp_path, make):
    (tmp_path / "keys").mkdir()
    make(tmp_path / "keys/ci.pub")
    with pytest.raises(SigningError) as caught:
        named_signers(tmp_path)
    assert str(caught.value) == f"'{tmp_path}/keys/ci.pub' is not a plain file: expected one with a public key or an identity"


def test_an_archive_that_is_not_a_plain_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "iris.bento")
    with pytest.raises(BundleError) as caught:
        Store(tmp_path / "store").unpack(tmp_path / "iris.bento")
    assert str(caught.value) == f"cannot unpack '{tmp_path}/iris.bento': Not a plain file"


def test_a_blob_that_is_a_link_is_not_used(archive, tmp_path, outside):
    store = Store(tmp_path / "store")
    bundle = store.unpack(archive)
    file = bundle.manifest.files[0]
    store.delete("iris:3")
    (store.root / "blobs").mkdir(exist_ok=True)
    (store.root / "blobs" / file.sha256).symlink_to(outside / "precious")
    again = store.unpack(archive)
    verify(again)
    assert not (again.path / file.path).is_symlink()
    assert unharmed(outside)

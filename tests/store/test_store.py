from __future__ import annotations

import errno
import fcntl
import logging
import os
import shutil
import stat
from pathlib import Path

import pytest

import bento
from bento import Tag
from bento.bundle import verify
from bento.errors import BundleError, NotFound, RemoteError, StoreError, TagError
from bento.store import Store, pull, push
from bento.store.remotes.remote import Remote
from disks import no_file_beyond


def tags(store: Store, **wanted) -> list[str]:
    return [str(bundle.tag) for bundle in store.list(**wanted)]


def leftovers(store: Store) -> list[Path]:
    return list((store.root / "tmp").iterdir())


def test_a_saved_bundle_is_found_by_its_tag_its_name_and_as_the_latest(store, service):
    saved = store.save(service, version="3")
    assert saved.path == store.root / "bundles/iris/3"
    assert [store.get(tag) for tag in ("iris:3", "iris", "iris:latest", Tag("iris", "3"))] == [saved] * 4
    verify(saved)


def test_a_save_leaves_nothing_but_the_bundle(store, service):
    store.save(service, version="3")
    assert [path.name for path in (store.root / "bundles/iris").iterdir()] == ["3"]
    assert leftovers(store) == []


def test_the_store_is_at_bento_home_or_in_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("BENTO_HOME", raising=False)
    assert Store().root == tmp_path / ".bento"
    monkeypatch.setenv("BENTO_HOME", "~/models")
    assert Store().root == tmp_path / "models"


def test_a_store_shows_where_it_is(store):
    assert repr(store) == f"Store({str(store.root)!r})"


def test_a_missing_store_is_empty_and_listing_does_not_create_it(store):
    assert store.list() == []
    assert not store.root.exists()


def test_the_latest_bundle_is_the_newest_or_within_one_second_the_last_saved(store, service, clock):
    for seconds, version in ((300, "2"), (100, "9"), (300, "10"), (200, "3")):
        clock(seconds)
        store.save(service, version=version)
    assert tags(store) == ["iris:10", "iris:2", "iris:3", "iris:9"]
    assert Store(store.root).get("iris").version == "10"


def test_a_list_is_narrowed_by_name_and_labels(store, service, rose):
    store.save(service, version="1", labels={"stage": "test", "team": "a"})
    store.save(service, version="2", labels={"stage": "live", "team": "a"})
    store.save(rose, version="1", labels={"stage": "test", "team": "b"})
    assert set(tags(store, name="iris")) == {"iris:1", "iris:2"}
    assert set(tags(store, labels={"stage": "test"})) == {"iris:1", "rose:1"}
    assert tags(store, name="iris", labels={"stage": "test", "team": "a"}) == ["iris:1"]
    assert tags(store, labels={"stage": "none"}) == []


def test_an_invalid_name_cannot_lead_out_of_the_store(store):
    with pytest.raises(TagError):
        store.list("../..")


def test_a_folder_that_is_not_a_whole_bundle_is_left_out_and_reported_once(store, service, caplog):
    store.save(service, version="1")
    for folder in ("iris/2", "iris/.saving-3", ".trash/4"):
        (store.root / "bundles" / folder).mkdir(parents=True)
    shutil.copytree(store.root / "bundles/iris/1", store.root / "bundles/iris/5")
    (store.root / "bundles/notes.txt").touch()
    with caplog.at_level(logging.WARNING):
        assert tags(store) == tags(store) == ["iris:1"]
    folder = store.root / "bundles/iris"
    assert sorted(caplog.messages) == [
        f"left out a folder that is not a whole bundle: {folder / '2'} is not a bundle: it has no bento.json",
        f"left out a folder that is not a whole bundle: {folder / '5'} holds another bundle, iris:1",
    ]


def test_getting_a_damaged_bundle_is_an_error_that_says_what_is_wrong(store):
    (store.root / "bundles/iris/2").mkdir(parents=True)
    with pytest.raises(BundleError) as caught:
        store.get("iris:2")
    assert str(caught.value) == f"{store.root / 'bundles/iris/2'} is not a bundle: it has no bento.json"


def test_the_error_for_an_empty_store_says_that_it_is_empty(store):
    with pytest.raises(NotFound) as caught:
        store.get("iris:3")
    assert str(caught.value) == f"no bundle iris:3 in the store at {store.root}: it is empty"


def test_a_store_with_only_incomplete_bundles_is_not_called_empty(store):
    (store.root / "bundles/iris/2").mkdir(parents=True)
    with pytest.raises(NotFound) as caught:
        store.get("iris")
    assert str(caught.value) == f"no bundle iris:latest in the store at {store.root}: it has no whole bundle"


def test_a_store_reports_an_incomplete_bundle_again_after_it_was_gone_or_whole(store, service, caplog):
    store.save(service, version="1")
    manifest = store.root / "bundles/iris/1/bento.json"
    content = manifest.read_bytes()
    manifest.write_bytes(b"{}")
    assert (tags(store), store.has_left_out) == ([], True)
    manifest.write_bytes(content)
    assert (tags(store), store.has_left_out) == (["iris:1"], False)
    manifest.write_bytes(b"{}")
    assert (tags(store), len(caplog.messages)) == ([], 2)
    store.delete("iris:1")
    with pytest.raises(NotFound, match=": it is empty"):
        store.get("iris")


def test_an_unknown_name_is_an_error_with_the_existing_names_and_the_nearest(store, service, rose):
    store.save(service, version="1")
    store.save(rose, version="1")
    with pytest.raises(NotFound) as caught:
        store.get("irsi")
    names = ", ".join(dict.fromkeys(bundle.name for bundle in store.list()))
    assert str(caught.value) == f"no bundle irsi:latest in the store at {store.root}: it has the names {names} - did you mean iris?"


def test_an_unknown_version_is_an_error_with_the_newest_versions_and_the_nearest(store, make_bundle):
    for number in range(7):
        make_bundle(store.root / f"bundles/iris/1.{number}", version=f"1.{number}", created=f"2026-11-22T10:15:0{number}Z")
    with pytest.raises(NotFound) as caught:
        store.get("iris:1.33")
    assert str(caught.value) == (
        f"no bundle iris:1.33 in the store at {store.root}: "
        "iris has the versions 1.6, 1.5, 1.4, 1.3, 1.2 and 2 more - did you mean iris:1.3?"
    )


def test_a_version_that_is_taken_is_refused_before_anything_is_saved(store, service):
    saved = store.save(service, version="3")
    with pytest.raises(StoreError) as caught:
        store.save(service, version="3")
    assert str(caught.value) == (f"version iris:3 exists in the store at {store.root}: choose another version, or delete that one first")
    assert store.list() == [saved]


def test_a_version_that_stands_for_the_newest_cannot_be_chosen(store, service):
    with pytest.raises(TagError, match="always stands for the newest version"):
        store.save(service, version="latest")


def test_labels_that_are_not_texts_are_refused(store, service):
    with pytest.raises(BundleError) as caught:
        store.save(service, labels={"round": 3})
    assert str(caught.value).startswith("{'round': 3} cannot be labels: expected a label's value")
    assert store.list() == []


def test_the_same_bundle_saved_twice_is_one_and_another_one_gets_another_version(store, service, clock):
    clock(1_000_000)
    first, same = store.save(service), store.save(service)
    others = [store.save(service, labels={"round": str(number)}) for number in range(2)]
    assert same == first
    assert [bundle.version for bundle in others] == [f"{first.version}-2", f"{first.version}-3"]


def test_deleting_removes_only_the_named_bundle(store, service):
    one, two = store.save(service, version="1"), store.save(service, version="2")
    assert store.delete("iris:1") == one.tag
    assert store.list() == [two]
    assert leftovers(store) == []
    store.delete(two.tag)
    assert list((store.root / "bundles").iterdir()) == []


def test_the_latest_bundle_and_a_damaged_one_can_be_deleted(store, service, clock):
    for version in ("1", "2"):
        clock(int(version))
        store.save(service, version=version)
    assert str(store.delete("iris")) == "iris:2"
    (store.root / "bundles/iris/1/bento.json").unlink()
    assert str(store.delete("iris:1")) == "iris:1"
    assert list((store.root / "bundles").iterdir()) == []


def test_deleting_a_missing_bundle_is_an_error(store, service):
    store.save(service, version="1")
    with pytest.raises(NotFound, match="no bundle iris:2 in the store"):
        store.delete("iris:2")
    assert tags(store) == ["iris:1"]


def test_a_file_system_without_locks_is_an_error_without_a_traceback(store, service, monkeypatch):
    def refuse(_file: object, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError) as caught:
        store.save(service)
    assert str(caught.value) == (
        f"cannot save 'iris' in the store at {store.root}: No locks available - "
        "set BENTO_HOME to a folder on a disk on which files can be locked"
    )
    assert [path for path in store.root.rglob("*") if path.name != ".lock"] == []


def test_a_store_works_on_a_file_system_that_cannot_sync_folders(store, service, monkeypatch, tmp_path):
    fsync = os.fsync

    def sync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    bundle = store.save(service)
    remote = (tmp_path / "remote").as_uri()
    push(bundle, remote, store=store)
    verify(pull(bundle.tag, remote, store=Store(tmp_path / "other")))


def test_a_root_that_is_a_file_is_an_error_without_a_traceback(tmp_path, service):
    root = tmp_path / "file"
    root.touch()
    for task, attempt in (
        ("list the bundles", lambda store: store.list()),
        ("find iris:3", lambda store: store.get("iris:3")),
        ("delete iris:3", lambda store: store.delete("iris:3")),
        ("save 'iris'", lambda store: store.save(service)),
    ):
        with pytest.raises(StoreError) as caught:
            attempt(Store(root))
        assert str(caught.value).startswith(f"cannot {task} in the store at {root}: ")
        assert str(caught.value).endswith(" - set BENTO_HOME to a folder")


def test_a_store_without_write_permission_is_an_error_without_a_traceback(ordinary_user, service):
    ordinary_user.chmod(0o555)
    with pytest.raises(StoreError) as caught:
        Store(ordinary_user / "store").save(service)
    assert str(caught.value) == (
        f"cannot save 'iris' in the store at {ordinary_user / 'store'}: Permission denied: {ordinary_user / 'store'}"
        " - set BENTO_HOME to a folder that you may read and write"
    )


def test_a_store_without_read_permission_is_an_error_without_a_traceback(ordinary_user):
    (ordinary_user / "bundles").mkdir(mode=0)
    with pytest.raises(StoreError) as caught:
        Store(ordinary_user).get("iris")
    assert str(caught.value) == (
        f"cannot find iris:latest in the store at {ordinary_user}: Permission denied: {ordinary_user / 'bundles/iris'}"
        " - set BENTO_HOME to a folder that you may read and write"
    )


def test_a_leftover_that_cannot_be_removed_is_reported_and_prevents_nothing(ordinary_user, caplog):
    folder = ordinary_user / "tmp"
    for name in ("mine", "theirs"):
        (folder / name / "draft").mkdir(parents=True)
        (folder / f"{name}.lease").touch()
    (folder / "mine").chmod(0o555)
    (folder / "theirs.lease").chmod(0)
    with pytest.raises(BundleError, match="No such file"):
        Store(ordinary_user).unpack(ordinary_user / "no.bento")
    lease = folder / "theirs.lease"
    unlooked, unremoved = sorted(caplog.messages)
    assert unlooked == f"cannot look after the leftover {lease}: [Errno 13] Permission denied: '{lease}'"
    # From Python 3.13 an error of rmtree has the whole path.
    assert unremoved in {
        f"cannot remove the leftover {folder / 'mine'}: [Errno 13] Permission denied: '{path}'" for path in ("draft", folder / "mine/draft")
    }


@pytest.fixture
def large(service, tmp_path):
    """A bundle with a file of two megabytes, in a store elsewhere."""
    return Store(tmp_path / "elsewhere").save(type(service)(model={"weights": "x" * (2 << 20)}), version="1")


def test_a_full_disk_is_an_error_that_leaves_the_store_as_it_was(store, service):
    saved = store.save(service, version="1")
    with pytest.raises(StoreError) as caught, no_file_beyond(1 << 20):
        store.save(type(service)(model={"weights": "x" * (2 << 20)}), version="2")
    assert str(caught.value) == (
        f"cannot save 'iris' in the store at {store.root}: File too large"
        " - free some space on its disk, or set BENTO_HOME to a folder on another one"
    )
    assert store.list() == [saved]
    assert leftovers(store) == []


def test_deleting_works_on_a_full_disk(store, service):
    store.save(service, version="1")
    with no_file_beyond(0):
        store.delete("iris:1")
    assert store.list() == []


def test_a_pull_onto_a_full_disk_is_an_error_and_the_next_one_fetches_the_rest(store, large, tmp_path):
    remote = f"file://{tmp_path}/remote"
    bento.push(large, remote)
    with pytest.raises(StoreError) as caught, no_file_beyond(1 << 20):
        bento.pull("iris:1", remote, store=store)
    assert str(caught.value) == (
        f"cannot pull iris:1 from {remote} in the store at {store.root}: File too large"
        " - free some space on its disk, or set BENTO_HOME to a folder on another one"
    )
    assert (store.list(), leftovers(store)) == ([], [])
    assert bento.pull("iris:1", remote, store=store).fingerprint == large.fingerprint


def test_a_push_onto_a_full_disk_is_an_error_and_leaves_no_torn_remote(large, tmp_path):
    remote = f"file://{tmp_path}/remote"
    with pytest.raises(RemoteError) as caught, no_file_beyond(1 << 20):
        bento.push(large, remote)
    assert str(caught.value) == f"cannot send 'artifacts/model/model.json' at {remote}: File too large"
    assert Remote(remote).summaries() == []
    assert list((tmp_path / "remote/.drafts").iterdir()) == []


def test_listing_works_on_a_full_disk(store, service):
    store.save(service, version="1")
    with no_file_beyond(0):
        assert [each.version for each in store.summaries()] == ["1"]
    assert not (store.root / "index").exists()


def test_an_unknown_home_folder_in_bento_home_is_an_error_without_a_traceback(monkeypatch):
    monkeypatch.setenv("BENTO_HOME", "~no-such-user/models")
    with pytest.raises(StoreError) as caught:
        Store()
    assert str(caught.value) == "cannot tell whose home folder '~no-such-user/models' means: set BENTO_HOME to a folder"

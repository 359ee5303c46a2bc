from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import pytest

from bento import save
from bento.errors import BundleError, StoreError, UntrustedError
from bento.packers import ArchivePacker
from bento.store import Store, check_trust, load, unpack
from bento.store.trust.provenance import provenance

REFUSAL = """\
rose:1 was not made here: loading it would run its code
  made with: bento-core 0.1.0, 2026-11-22T10:15:00Z
  code: meadow:Rose
  model that runs code: extra, kept as 'pickle'
  signature: none
  to go on if you trust where it came from: --trust on the command line, trust=True in Python"""


@pytest.fixture
def elsewhere(tmp_path) -> Store:
    return Store(tmp_path / "elsewhere")


@pytest.fixture
def archive(elsewhere, service, tmp_path):
    return ArchivePacker().pack(elsewhere.save(service, version="3"), tmp_path / "iris.bento")


def test_a_bundle_made_here_is_trusted_and_loaded(store, service):
    save(service, version="3", store=store)
    assert load("iris:3", store=store).predict([1]) == "setosa"


def test_trust_is_written_down_with_its_reason(store, service):
    bundle = store.save(service, version="3")
    note = json.loads((store.root / "trusted" / bundle.fingerprint).read_text())
    assert (note["tag"], note["how"]) == ("iris:3", "saved")
    assert abs((datetime.now(UTC) - datetime.fromisoformat(note["when"])).total_seconds()) < 60


def test_a_bundle_made_here_is_trusted_wherever_it_is_moved(store, service, tmp_path):
    shutil.copytree(store.save(service, version="3").path, tmp_path / "moved")
    assert load(tmp_path / "moved", store=store).predict([1]) == "setosa"


def test_a_bundle_from_elsewhere_is_refused_with_everything_it_would_run(store, elsewhere, rose, clock):
    clock(1795342500)
    bundle = elsewhere.save(rose, version="1")
    with pytest.raises(UntrustedError) as caught:
        load(bundle, store=store)
    assert str(caught.value) == REFUSAL


def test_notes_of_trust_that_anybody_may_write_are_not_trusted(store, service):
    bundle = store.save(service, version="3")
    (store.root / "trusted").chmod(0o777)
    with pytest.raises(UntrustedError) as caught:
        load(bundle, store=store)
    first, *_, fault, _, _ = str(caught.value).splitlines()
    assert first == "iris:3 may not have been made here: loading it would run its code"
    assert fault == f"  anybody may change '{store.root}/trusted', so it says nothing about trust: chmod o-w {store.root}/trusted"
    assert provenance(bundle, store)["trusted"] is None
    assert load(bundle, store=store, trust=True).predict([1]) == "setosa"
    (store.root / "trusted").chmod(0o775)
    assert load(bundle, store=store).predict([1]) == "setosa"


def test_trust_for_once_is_not_remembered(store, archive):
    bundle = unpack(archive, store=store)
    assert load(bundle, store=store, trust=True).predict([1]) == "setosa"
    with pytest.raises(UntrustedError):
        load(bundle, store=store)


def test_unpacking_needs_no_trust_and_gives_none(store, archive):
    assert str(unpack(archive, store=store).tag) == "iris:3"
    with pytest.raises(UntrustedError):
        load("iris:3", store=store)


def test_unpacking_with_trust_is_remembered(store, archive):
    bundle = unpack(archive, store=store, trust=True)
    check_trust(bundle, store=store)
    assert load("iris:3", store=store).predict([1]) == "setosa"
    assert json.loads((store.root / "trusted" / bundle.fingerprint).read_text())["how"] == "unpacked with trust"


def test_unpacking_a_bundle_in_the_store_again_can_trust_it(store, archive):
    first = unpack(archive, store=store)
    assert unpack(archive, store=store, trust=True) == first
    check_trust(first, store=store)


def test_another_bundle_of_a_tag_that_is_taken_is_refused(store, archive, service):
    mine = store.save(service, version="3", labels={"mine": "yes"})
    with pytest.raises(StoreError) as caught:
        unpack(archive, store=store, trust=True)
    assert str(caught.value) == f"another bundle iris:3 exists in the store at {store.root}: delete that one first"
    assert store.list() == [mine]
    assert len(list((store.root / "trusted").iterdir())) == 1


def test_a_bundle_with_a_changed_manifest_is_not_trusted(store, service):
    manifest = store.save(service, version="3").path / "bento.json"
    manifest.write_text(manifest.read_text().replace("meadow:Iris", "meadow:Rose"))
    with pytest.raises(UntrustedError):
        load("iris:3", store=store)


def test_a_trusted_bundle_is_still_verified_before_it_is_loaded(store, service):
    source = store.save(service, version="3").path / "src/meadow.py"
    source.chmod(0o644)
    source.write_text(source.read_text().replace("setosa", "canary") + "# changed\n")
    with pytest.raises(BundleError, match=r"'src/meadow\.py' has \d+ bytes, expected"):
        load("iris:3", store=store)


def test_a_file_that_is_not_an_archive_leaves_the_store_as_it_was(store, tmp_path):
    (tmp_path / "iris.bento").write_bytes(b"canary")
    with pytest.raises(BundleError, match="it is not a whole archive"):
        unpack(tmp_path / "iris.bento", store=store)
    assert store.list() == []
    assert list((store.root / "tmp").iterdir()) == []

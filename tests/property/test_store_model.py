"""A store behaves as a dict from tags to bundles that remembers which bundle is newest and which ones it trusts."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle as Drawn
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bento.bundle import Bundle, verify
from bento.errors import NotFound, StoreError, UntrustedError
from bento.packers import ArchivePacker
from bento.store import Store, check_trust, find
from bundles import write_bundle
from pressing import times

NAMES = st.sampled_from(["iris", "rose"])
VERSIONS = st.sampled_from(["1", "2", "10"])
MINUTES = st.integers(0, 3)
LABELS = st.dictionaries(st.sampled_from(["stage", "team"]), st.sampled_from(["a", "b"]))


def write(folder: Path, name: str, version: str, minute: int, labels: dict[str, str], content: bytes) -> Bundle:
    created = f"2026-11-22T10:0{minute}:00Z"
    return write_bundle(folder, {"README.md": content}, name=name, version=version, created=created, labels=labels)


class StoreModel(RuleBasedStateMachine):
    """Bundles come in as archives, because saving one takes a service, and an archive takes milliseconds."""

    archives = Drawn("archives")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp())
        self.store = Store(self.folder / "store")
        self.made = 0
        self.kept: dict[str, Bundle] = {}
        self.trusted: set[str] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(target=archives, name=NAMES, version=VERSIONS, minute=MINUTES, labels=LABELS, content=st.binary(max_size=3))
    def make(self, name: str, version: str, minute: int, labels: dict[str, str], content: bytes) -> tuple[Path, Bundle]:
        self.made += 1
        bundle = write(self.folder / f"bundle-{self.made}", name, version, minute, labels, content)
        return ArchivePacker().pack(bundle, self.folder / f"{self.made}.bento"), bundle

    @rule(archive=archives, trust=st.booleans())
    def unpack(self, archive: tuple[Path, Bundle], trust: bool) -> None:
        file, bundle = archive
        there = self.kept.setdefault(str(bundle.tag), bundle)
        if there.fingerprint != bundle.fingerprint:
            with pytest.raises(StoreError, match="exists in the store"):
                self.store.unpack(file, trust=trust)
            return
        assert self.store.unpack(file, trust=trust).fingerprint == bundle.fingerprint
        self.trusted |= {bundle.fingerprint} if trust else set()

    @rule(name=NAMES, version=VERSIONS)
    def delete(self, name: str, version: str) -> None:
        tag = f"{name}:{version}"
        if self.kept.pop(tag, None) is None:
            with pytest.raises(NotFound):
                self.store.delete(tag)
        else:
            assert str(self.store.delete(tag)) == tag

    @rule(name=NAMES)
    def delete_latest(self, name: str) -> None:
        newest = next((bundle for bundle in self.newest_first() if bundle.name == name), None)
        if newest is None:
            with pytest.raises(NotFound):
                self.store.delete(name)
        else:
            assert self.store.delete(name) == newest.tag
            del self.kept[str(newest.tag)]

    @rule(archive=archives)
    def ask_for_trust(self, archive: tuple[Path, Bundle]) -> None:
        _, bundle = archive
        if bundle.fingerprint in self.trusted:
            check_trust(bundle, store=self.store)
        else:
            with pytest.raises(UntrustedError):
                check_trust(bundle, store=self.store)

    @rule(name=NAMES, labels=LABELS)
    def list_some(self, name: str, labels: dict[str, str]) -> None:
        wanted = [bundle for bundle in self.newest_first() if bundle.name == name and labels.items() <= bundle.manifest.labels.items()]
        assert fingerprints(self.store.list(name, labels)) == fingerprints(wanted)

    @rule(name=NAMES, version=VERSIONS)
    def look_up(self, name: str, version: str) -> None:
        there = self.kept.get(f"{name}:{version}")
        if there is None:
            with pytest.raises(NotFound):
                find(f"{name}:{version}", store=self.store)
        else:
            found = find(f"{name}:{version}", store=self.store)
            verify(found)
            assert found.fingerprint == there.fingerprint

    @invariant()
    def another_store_object_sees_the_same_newest_first(self) -> None:
        assert fingerprints(Store(self.store.root).list()) == fingerprints(self.newest_first())

    @invariant()
    def every_content_is_there_once_for_as_long_as_a_bundle_has_it(self) -> None:
        there = {blob.name for blob in (self.store.root / "blobs").glob("*")}
        assert there == {file.sha256 for bundle in self.kept.values() for file in bundle.manifest.files}

    @invariant()
    def nothing_is_left_behind(self) -> None:
        assert list((self.store.root / "tmp").glob("*")) == []

    def newest_first(self) -> list[Bundle]:
        return sorted(self.kept.values(), key=lambda each: (each.manifest.created, self.came(each), each.version, each.name), reverse=True)

    def came(self, bundle: Bundle) -> int:
        return (self.store.get(bundle.tag).path / "bento.json").stat().st_mtime_ns


def fingerprints(bundles: list[Bundle]) -> list[str]:
    return [bundle.fingerprint for bundle in bundles]


TestStoreModel = StoreModel.TestCase
TestStoreModel.settings = settings(max_examples=times(15, 150), stateful_step_count=25, deadline=None)

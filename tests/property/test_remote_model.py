"""A remote behaves as a dict from tags to bundles whose values never change, whichever stores push to it and pull from it."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle as Drawn
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import bento
from bento.bundle import Bundle, verify
from bento.errors import NotFound, StoreError, UntrustedError
from bento.store import Store, check_trust
from bento.store.remotes.remote import Remote
from bundles import write_bundle
from pressing import times

NAMES = st.sampled_from(["iris", "rose"])
VERSIONS = st.sampled_from(["1", "2"])
CONTENTS = st.dictionaries(st.sampled_from(["a", "b", "src/c"]), st.binary(max_size=2), min_size=1)
STORES = st.sampled_from(["here", "there"])


def write(folder: Path, name: str, version: str, minute: int, files: dict[str, bytes]) -> Bundle:
    return write_bundle(folder, files, name=name, version=version, created=f"2026-11-22T10:0{minute}:00Z")


class RemoteModel(RuleBasedStateMachine):
    made = Drawn("made")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp())
        self.url = f"file://{self.folder}/remote"
        self.stores = {name: Store(self.folder / name) for name in ("here", "there")}
        self.kept: dict[str, dict[str, Bundle]] = {"here": {}, "there": {}}
        self.trusted: dict[str, set[str]] = {"here": set(), "there": set()}
        self.pushed: dict[str, Bundle] = {}
        self.count = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(target=made, name=NAMES, version=VERSIONS, minute=st.integers(0, 2), files=CONTENTS)
    def make(self, name: str, version: str, minute: int, files: dict[str, bytes]) -> Bundle:
        self.count += 1
        return write(self.folder / f"made-{self.count}", name, version, minute, files)

    @rule(bundle=made)
    def push(self, bundle: Bundle) -> None:
        there = self.pushed.setdefault(str(bundle.tag), bundle)
        if there.fingerprint == bundle.fingerprint:
            assert bento.push(bundle, self.url) == f"{self.url}/{bundle.tag}"
        else:
            with pytest.raises(StoreError, match="another bundle"):
                bento.push(bundle, self.url)

    @rule(store=STORES, name=NAMES, version=st.one_of(VERSIONS, st.just("latest")), trust=st.booleans())
    def pull(self, store: str, name: str, version: str, trust: bool) -> None:
        found = self.newest(name) if version == "latest" else self.pushed.get(f"{name}:{version}")
        if found is None:
            with pytest.raises(NotFound):
                bento.pull(f"{name}:{version}", self.url, store=self.stores[store])
            return
        here = self.kept[store].setdefault(str(found.tag), found)
        if here.fingerprint != found.fingerprint:
            with pytest.raises(StoreError, match="another bundle"):
                bento.pull(f"{name}:{version}", self.url, store=self.stores[store])
            return
        pulled = bento.pull(f"{name}:{version}", self.url, store=self.stores[store], trust=trust)
        verify(pulled)
        assert (pulled.fingerprint, pulled.tag) == (found.fingerprint, found.tag)
        self.trusted[store] |= {pulled.fingerprint} if trust else set()

    @rule(store=STORES, name=NAMES, version=VERSIONS)
    def delete(self, store: str, name: str, version: str) -> None:
        if self.kept[store].pop(f"{name}:{version}", None):
            self.stores[store].delete(f"{name}:{version}")

    @rule(store=STORES, bundle=made)
    def ask_for_trust(self, store: str, bundle: Bundle) -> None:
        if bundle.fingerprint in self.trusted[store]:
            check_trust(bundle, store=self.stores[store])
        else:
            with pytest.raises(UntrustedError):
                check_trust(bundle, store=self.stores[store])

    @invariant()
    def the_remote_has_what_was_pushed_newest_first(self) -> None:
        expected = sorted(self.pushed.values(), key=lambda each: (each.manifest.created, each.version, each.name), reverse=True)
        assert [each.fingerprint for each in Remote(self.url).summaries()] == [each.fingerprint for each in expected]

    @invariant()
    def each_content_is_there_once(self) -> None:
        blobs = [path.name for path in (self.folder / "remote/blobs").rglob("*") if path.is_file()]
        pushed = {file.sha256 for bundle in self.pushed.values() for file in bundle.manifest.files}
        assert len(blobs) == len(set(blobs))
        assert pushed <= set(blobs)

    @invariant()
    def stores_have_what_was_pulled_and_nothing_is_left_behind(self) -> None:
        for name, store in self.stores.items():
            assert {str(each): each.fingerprint for each in store.summaries()} == {
                tag: bundle.fingerprint for tag, bundle in self.kept[name].items()
            }
            assert [path for folder in ("tmp", "partial") for path in (store.root / folder).glob("*")] == []

    def newest(self, name: str) -> Bundle | None:
        found = [bundle for bundle in self.pushed.values() if bundle.name == name]
        return max(found, key=lambda each: (each.manifest.created, each.version), default=None)


TestRemoteModel = RemoteModel.TestCase
TestRemoteModel.settings = settings(max_examples=times(8, 60), stateful_step_count=20, deadline=None)

"""Listing is quick, and right whatever has happened to the store or its index."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import zlib

import orjson
import pytest

from bento.store import Store
from commands import BENTO


@pytest.fixture
def filled(store, make_bundle):
    """A store with three bundles."""
    for name, version, minute in (("iris", "1", 1), ("iris", "2", 2), ("rose", "1", 3)):
        make_bundle(store.root / "bundles" / name / version, name=name, version=version, created=f"2026-11-22T10:1{minute}:00Z")
    return store


def listed(store) -> list[str]:
    return [str(each) for each in store.summaries()]


def test_a_summary_says_what_the_manifest_does(store, service):
    bundle = store.save(service, version="1", labels={"stage": "live"})
    [found] = store.summaries()
    assert (found.tag, found.created, found.size) == (bundle.tag, bundle.manifest.created, bundle.size)
    assert (found.apis, found.labels, found.fingerprint) == (["predict"], {"stage": "live"}, bundle.fingerprint)


def test_a_second_list_reads_no_manifest(filled):
    assert listed(filled) == ["rose:1", "iris:2", "iris:1"]
    code = (
        "import sys; from pathlib import Path; from bento.store import Store; store = Store(Path(sys.argv[1])); opened = []\n"
        "sys.addaudithook(lambda event, arguments: event == 'open' and opened.append(str(arguments[0])))\n"
        "print(*store.summaries()); assert not [path for path in opened if path.endswith('bento.json')], opened"
    )
    done = subprocess.run([sys.executable, "-c", code, str(filled.root)], capture_output=True, text=True, check=True)
    assert done.stdout == "rose:1 iris:2 iris:1\n"


def test_bundles_that_other_processes_save_change_and_delete_are_noticed(filled, make_bundle):
    listed(filled)
    make_bundle(filled.root / "bundles/rose/2", name="rose", version="2", created="2026-11-22T10:19:00Z")
    shutil.rmtree(filled.root / "bundles/iris/1")
    manifest = filled.root / "bundles/iris/2/bento.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "labels": {"stage": "live"}}))
    assert listed(filled) == ["rose:2", "rose:1", "iris:2"]
    assert [str(each) for each in filled.summaries(labels={"stage": "live"})] == ["iris:2"]


def test_listing_one_name_forgets_no_other(filled):
    listed(filled)
    before = (filled.root / "index").read_bytes()
    assert [str(each) for each in filled.summaries("iris")] == ["iris:2", "iris:1"]
    assert (filled.root / "index").read_bytes() == before


def test_a_name_may_be_a_pattern(filled):
    assert [str(each) for each in filled.summaries("[ir]*s*")] == ["rose:1", "iris:2", "iris:1"]
    assert [str(each) for each in filled.summaries("ro*")] == ["rose:1"]


def test_a_damaged_index_is_made_again(filled):
    expected, index = listed(filled), filled.root / "index"
    whole = index.read_bytes()
    for torn in (b"", b"canary", whole.replace(b"index 1", b"index 2"), *(whole[:size] for size in range(0, len(whole), 37))):
        index.write_bytes(torn)
        assert listed(filled) == expected
        assert index.read_bytes() == whole
    for position in range(0, len(whole), 29):
        index.write_bytes(whole[:position] + b"\0" + whole[position + 1 :])
        assert listed(filled) == expected


def test_the_index_says_the_same_in_whatever_order_it_is(filled):
    expected, index = listed(filled), filled.root / "index"
    whole = index.read_bytes()
    entries = orjson.loads(whole.partition(b"\n")[2])
    assert list(entries) == ["rose/1", "iris/2", "iris/1"]
    body = orjson.dumps(dict(sorted(entries.items())))
    index.write_bytes(b"bento index 1 %08x\n" % zlib.crc32(body) + body)
    assert listed(filled) == expected


def test_a_read_only_store_can_be_listed(ordinary_user, make_bundle):
    make_bundle(ordinary_user / "bundles/iris/1", version="1")
    ordinary_user.chmod(0o555)
    assert listed(Store(ordinary_user)) == ["iris:1"]
    assert not (ordinary_user / "index").exists()


def test_listing_ten_thousand_bundles_takes_little_longer_than_printing_the_version(tmp_path, make_bundle):
    """Compares processor times with that of the shortest command, because the speed of a shared machine drifts."""
    root = tmp_path / "store"
    first = make_bundle(root / "bundles/iris/v0", {"README.md": b"iris"}, version="v0")
    manifest = (first.path / "bento.json").read_text()
    for number in range(1, 10_000):
        folder = root / f"bundles/iris-{number % 50}/v{number}"
        folder.mkdir(parents=True)
        folder.joinpath("bento.json").write_text(
            manifest.replace('"name": "iris"', f'"name": "{folder.parent.name}"').replace('"version": "v0"', f'"version": "v{number}"')
        )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")} | {"BENTO_HOME": str(root)}

    def cost(*arguments: str) -> float:
        before = time.process_time(), os.times()
        done = subprocess.run([BENTO, *arguments], env=environment, capture_output=True, text=True, check=True)
        after = os.times()
        assert arguments != ("list",) or done.stdout.count("\n") == 10_001
        return sum(after[2:4]) - sum(before[1][2:4])

    cost("list")
    pairs = [(cost("list"), cost("--version")) for _ in range(3)]
    listing, version = map(min, zip(*pairs, strict=True))
    assert listing < 4 * version

"""Downloads may be of any size, or endless: the disk keeps some room, and nothing is left of a download that is refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

import bento
from bento.errors import StoreError
from bento.packers import ArchivePacker
from bento.store import Store, find
from hostile_server import Hostile, hostile_server

PIECE = bytes(1 << 20)
WEIGHTS = {"artifacts/model/weights": bytes(3_000_000)}


def endless(handler: Any) -> None:
    """Give an endless answer that does not announce its length."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(ConnectionError):
        while True:
            handler.wfile.write(PIECE)
    handler.close_connection = True


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with hostile_server() as server:
        server.otherwise = endless
        yield server


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def left(store: Store) -> list[str]:
    """The files of a store, except its lock and its notes of URLs."""
    return [path.name for path in store.root.rglob("*") if path.is_file() and path.name not in (".lock", "url")]


def refusal(store: Store, target: str) -> str:
    with pytest.raises(StoreError) as caught:
        find(target, store=store)
    assert left(store) == []
    return str(caught.value)


def test_an_endless_download_stops_at_the_limit_that_is_set(hostile, store, monkeypatch):
    monkeypatch.setenv("BENTO_MAX_BUNDLE", "3MB")
    url = f"http://{hostile.address}/iris.bento"
    assert refusal(store, url) == (
        f"{url} has not ended yet: what has arrived has 3145728 bytes, and BENTO_MAX_BUNDLE=3MB allows 3000000: "
        "set it higher to take this in"
    )


def test_a_download_that_announces_more_than_the_limit_is_not_begun(hostile, store, monkeypatch):
    monkeypatch.setenv("BENTO_MAX_BUNDLE", "1kB")
    hostile.otherwise = PIECE
    url = f"http://{hostile.address}/iris.bento"
    assert refusal(store, url) == f"{url} has 1048576 bytes, and BENTO_MAX_BUNDLE=1kB allows 1000: set it higher to take this in"


@pytest.fixture
def small(tmp_path) -> Iterator[Store]:
    """A store on a disk of 8 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", folder], capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small file system")
    yield Store(folder)
    subprocess.run(["umount", folder], check=True)


def test_an_endless_download_leaves_room_on_the_disk(hostile, small):
    url = f"http://{hostile.address}/iris.bento"
    message = refusal(small, url)
    assert message.startswith(f"cannot keep http://{hostile.address}/iris.bento in the store at {small.root}: 1048576 bytes are ")
    assert message.endswith(
        " are free, of which 419430 are kept free - free some space on its disk, or set BENTO_HOME to a folder on another one"
    )


def test_a_bundle_that_would_fill_the_disk_is_not_taken_in(small, make_bundle, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", {"artifacts/model/weights": bytes(8 << 20)})
    archive = ArchivePacker().pack(bundle, tmp_path / "iris.bento")
    remote = bento.push(bundle, f"file://{tmp_path}/remote").rpartition("/")[0]
    for take in (lambda: small.unpack(archive), lambda: bento.pull("iris:3", remote, store=small)):
        with pytest.raises(
            StoreError, match=r": 8388608 bytes are needed, and \d+ are free, of which 419430 are kept free - free some space"
        ):
            take()
        assert left(small) == []


def test_the_limit_that_is_set_holds_for_bundles_that_are_pulled_or_unpacked(store, make_bundle, monkeypatch, tmp_path):
    bundle = make_bundle(tmp_path / "bundle", WEIGHTS)
    archive = ArchivePacker().pack(bundle, tmp_path / "iris.bento")
    remote = bento.push(bundle, f"file://{tmp_path}/remote").rpartition("/")[0]
    monkeypatch.setenv("BENTO_MAX_BUNDLE", "2999kB")
    told = "has 3000000 bytes, and BENTO_MAX_BUNDLE=2999kB allows 2999000: set it higher to take this in"
    for take, what in (
        (lambda: store.unpack(archive), f"the bundle in {str(archive)!r}"),
        (lambda: bento.pull("iris:3", remote, store=store), f"iris:3 at {remote}"),
        (lambda: find(f"{remote}/iris:3", store=store), f"iris:3 at {remote}"),
    ):
        with pytest.raises(StoreError) as caught:
            take()
        assert str(caught.value) == f"{what} {told}"
        assert left(store) == []
    monkeypatch.setenv("BENTO_MAX_BUNDLE", "3MB")
    assert store.unpack(archive).tag == bundle.tag


@pytest.mark.parametrize("size", ["3 gigabytes", "-1", "1e9", "3MiB", " "])
def test_a_limit_that_is_not_a_size_is_refused(store, make_bundle, monkeypatch, tmp_path, size):
    archive = ArchivePacker().pack(make_bundle(tmp_path / "bundle"), tmp_path / "iris.bento")
    monkeypatch.setenv("BENTO_MAX_BUNDLE", size)
    with pytest.raises(StoreError) as caught:
        store.unpack(archive)
    assert str(caught.value) == f"BENTO_MAX_BUNDLE={size!r} is not a size: write a number and kB, MB, GB or TB, such as 20GB"

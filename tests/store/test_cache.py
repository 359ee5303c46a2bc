"""A bundle fetched by URL is cached until it is pruned, and is not pruned while a process uses it."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

import bento
from bento.bundle import verify
from bento.errors import NotFound, StoreError
from bento.packers import ArchivePacker
from bento.store import Store, find
from bento.store.cache.bundles import place_of
from bento.store.cache.prune import contents, disk_size, prune
from forking import kill
from running import started

FETCH = """
import bento
print(*[bento.store.find(url, store=store).path for url in {urls!r}], flush=True)
{then}
sys.stdin.read()
"""
SERVE = """
import json, logging, sys
from pathlib import Path
import bento
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
options = json.loads(sys.argv[1])
bento.serve(options["url"], store=bento.Store(Path(options["store"])), trust=True, port=0, workers=2)
"""
WEIGHTS = b"weights" * 1000


@pytest.fixture
def url(make_bundle, tmp_path) -> str:
    """A remote with three versions of a bundle, whose largest file is the same."""
    for version in "123":
        files = {"artifacts/model/weights": WEIGHTS, "src/iris.py": version.encode()}
        bento.push(make_bundle(tmp_path / "made" / version, files, version=version), f"file://{tmp_path}/remote")
    return f"file://{tmp_path}/remote"


@pytest.fixture
def cached(url, run, store):
    """Bundles that an ended process has fetched by URL: 1 was last used two days ago, 2 yesterday, 3 today."""
    process = run(FETCH.format(urls=[f"{url}/iris:{version}" for version in "321"], then=""))
    assert process.stdout.readline()
    process.communicate()
    for days, version in enumerate("321"):
        (each,) = (each for each in contents(store.root) if each.tag.version == version)
        os.utime(each.store.root / "leases" / f"iris..{version}", (time.time() - days * 86400 - 60,) * 2)
    return url


def names(entries) -> list[str]:
    return [str(each.tag) for each in entries]


def test_cached_bundles_are_listed_with_their_url_and_last_use(cached, store):
    found = contents(store.root)
    assert [each.url for each in found] == [f"{cached}/iris:{version}" for version in "321"]
    assert [round((found[0].used - each.used).total_seconds() / 86400) for each in found] == [0, 1, 2]
    find(f"{cached}/iris:1", store=store)
    assert names(contents(store.root)) == ["iris:1", "iris:3", "iris:2"]


def test_a_pipe_in_place_of_the_noted_url_is_not_waited_for(cached, store):
    (each,) = (each for each in contents(store.root) if each.tag.version == "1")
    (each.store.root / "url").unlink()
    os.mkfifo(each.store.root / "url")
    assert [each.url for each in contents(store.root)] == ["iris:3", "iris:2", "iris:1"]
    assert find(f"{cached}/iris:1", store=store).version == "1"


def test_a_bundle_that_cannot_be_pruned_is_an_error_without_a_traceback(cached, store):
    (each,) = (each for each in contents(store.root) if each.tag.version == "1")
    lease = each.store.root / "leases/iris..1"
    lease.unlink()
    lease.mkdir()
    with pytest.raises(StoreError) as caught:
        prune(store.root, max_size=0)
    assert str(caught.value) == f"cannot prune iris:1 in the store at {each.store.root}: Is a directory: {lease}"


@pytest.mark.parametrize(
    ("cache", "reason"),
    [
        (Path.touch, "Not a directory: {cache} - set BENTO_HOME to a folder"),
        (lambda cache: cache.symlink_to(cache), "Too many levels of symbolic links: {cache} - set BENTO_HOME to a folder"),
    ],
    ids=["a file", "a link to itself"],
)
def test_a_cache_that_cannot_be_listed_is_an_error_without_a_traceback(store, cache, reason):
    place = store.root / "cache"
    store.root.mkdir(exist_ok=True)
    cache(place)
    with pytest.raises(StoreError) as caught:
        contents(store.root)
    assert str(caught.value) == f"cannot list what the cache holds in the store at {store.root}: {reason.format(cache=place)}"


def test_files_that_bundles_share_count_once(cached, store):
    found = contents(store.root)
    assert [each.size for each in found] == [len(WEIGHTS) + 1] * 3
    assert disk_size(found) == len(WEIGHTS) + 3


@pytest.mark.parametrize(
    ("limits", "gone"),
    [
        ({"older_than": timedelta(hours=36)}, ["iris:1"]),
        ({"older_than": timedelta(hours=12)}, ["iris:1", "iris:2"]),
        ({"older_than": timedelta(days=30)}, []),
        ({"max_size": len(WEIGHTS) + 3}, []),
        ({"max_size": len(WEIGHTS) + 2}, ["iris:1"]),
        ({"max_size": len(WEIGHTS)}, ["iris:1", "iris:2", "iris:3"]),
        ({"max_size": len(WEIGHTS) + 1, "older_than": timedelta(days=30)}, ["iris:1", "iris:2"]),
    ],
)
def test_the_longest_unused_bundles_are_pruned_first(cached, store, limits, gone):
    removed, in_use = prune(store.root, **limits, dry_run=True)
    assert (names(removed), names(contents(store.root))) == (gone, ["iris:3", "iris:2", "iris:1"])
    removed, in_use = prune(store.root, **limits)
    assert (names(removed), in_use) == (gone, [])
    assert names(contents(store.root)) == [tag for tag in ("iris:3", "iris:2", "iris:1") if tag not in gone]


def test_a_pruned_bundle_is_fetched_again(cached, store):
    prune(store.root, max_size=0)
    (cache,) = (store.root / "cache").iterdir()
    assert [path.name for folder in ("blobs", "leases", "tmp") for path in (cache / folder).iterdir()] == []
    verify(find(f"{cached}/iris:1", store=store))


@pytest.mark.parametrize("then", ["", "if os.fork(): os._exit(0)"], ids=["a process", "one that it forked"])
def test_a_bundle_in_use_is_kept_until_the_process_that_uses_it_ends(url, run, store, then):
    process = run(FETCH.format(urls=[f"{url}/iris:1"], then=then))
    path = process.stdout.readline().strip()
    removed, in_use = prune(store.root, max_size=0)
    assert (removed, names(in_use)) == ([], ["iris:1"])
    assert Path(path).is_dir()
    process.communicate()  # ends both processes, because neither gets any more input
    removed, in_use = prune(store.root, max_size=0)
    assert (names(removed), in_use) == (["iris:1"], [])


def test_a_killed_process_no_longer_uses_a_bundle(url, run, store):
    process = run(FETCH.format(urls=[f"{url}/iris:1"], then=""))
    assert process.stdout.readline()
    kill(process)
    assert names(prune(store.root, max_size=0)[0]) == ["iris:1"]


def test_a_bundle_that_this_process_uses_is_kept(url, store):
    assert find(f"{url}/iris:1", store=store) == find(f"{url}/iris:1", store=store)
    assert names(prune(store.root, max_size=0)[1]) == ["iris:1"]


def test_a_server_keeps_what_it_serves(project, service, store, tmp_path):
    store.save(service, version="1")
    url, other = f"file://{tmp_path}/remote", Store(tmp_path / "other")
    bento.push("iris:1", url, store=store)
    with started(project, SERVE, url=f"{url}/iris:1", store=str(other.root)) as server:
        assert httpx.post(f"{server.url}/predict", json=[1], timeout=60).text == "setosa"
        assert names(prune(other.root, max_size=0)[1]) == ["iris:1"]
        assert server.stop(signal.SIGTERM) == 0
    assert names(prune(other.root, max_size=0)[0]) == ["iris:1"]


def test_an_archive_is_listed_by_its_own_url_and_pruned(run, store, make_bundle, tmp_path):
    serve = "import http.server\nserver = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n"
    ArchivePacker().pack(make_bundle(tmp_path / "bundle"), tmp_path / "iris.bento")
    web = run(f"os.chdir({str(tmp_path)!r})\n{serve}print(server.server_port, flush=True)\nserver.serve_forever()")
    url = f"http://127.0.0.1:{int(web.stdout.readline())}/iris.bento"
    process = run(FETCH.format(urls=[url], then=""))
    assert process.stdout.readline()
    assert [each.url for each in contents(store.root)] == [url]
    assert names(prune(store.root, max_size=0)[1]) == ["iris:3"]
    process.communicate()
    assert names(prune(store.root, max_size=0)[0]) == ["iris:3"]


def test_a_read_only_cache_is_used_without_a_lease(ordinary_user, make_bundle):
    store = Store(ordinary_user / "store")
    url = f"file://{ordinary_user}/remote"
    bundle = make_bundle(place_of(url, store.root) / "bundles/iris/1", version="1")
    store.root.chmod(0o555)
    (place := bundle.path.parents[2]).chmod(0o555)
    assert find(f"{url}/iris:1", store=store) == bundle
    assert not (place / "leases").exists()
    assert [each.used.timestamp() for each in contents(store.root)] == [pytest.approx(bundle.path.stat().st_mtime)]
    place.chmod(0o755)


def test_a_store_without_a_cache_has_nothing_to_prune(store):
    assert contents(store.root) == []
    assert prune(store.root, max_size=0) == ([], [])
    with pytest.raises(NotFound):
        find("iris:1", store=store)

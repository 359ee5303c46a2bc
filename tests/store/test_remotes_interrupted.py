"""After a kill during a push or pull, every tag of a remote is a whole bundle, and the next try transfers the rest."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable

import pytest

import bento
from bento.bundle import verify
from bento.store import Store
from bento.store.remotes.remote import Remote
from bento.store.remotes.transfer import push_bundle
from pressing import PRESSED, times

PUSH = """
import sys
from pathlib import Path
import bento
print("ready", flush=True)
input()
try:
    print(bento.push(Path(sys.argv[1]), sys.argv[2]))
except bento.StoreError as error:
    print(error)
"""

PULL = """
import sys
from pathlib import Path
import bento
print("ready", flush=True)
input()
bento.pull(sys.argv[1], sys.argv[2], store=bento.Store(Path(sys.argv[3])))
"""

INSTANTS = times(2, 6)
RIVALRIES = times(1, 3)
# Of two imitations with the same protocol, the slower one is tested by `make pressure` only.
KINDS = ["file", "seaweedfs", "fake_gcs", "azurite", "sftp", "small_registry", "docker_registry", *(["moto"] if PRESSED else [])]
each_kind = pytest.mark.parametrize("elsewhere", KINDS, indirect=True)


@pytest.fixture
def bundles(make_bundle, tmp_path):
    """Bundles that have one file in common, and one each."""

    def files(version: str) -> dict[str, bytes]:
        return {f"artifacts/model/{number}": os.urandom(1 << 20) for number in range(6)} | {"src/iris.py": version.encode()}

    return [make_bundle(tmp_path / "made" / str(number), files(str(number)), version=str(number)) for number in range(INSTANTS)]


@pytest.fixture
def started(python) -> Callable[..., subprocess.Popen[str]]:
    """Starts Python code in a process of its own, which is ready to work."""

    def started(code: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([python, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        return process

    return started


def go_on(process: subprocess.Popen[str]) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.fixture
def killed_after(started) -> Callable[..., float]:
    """Runs Python code, kills it some seconds after it has begun to work unless it is done, and returns how long it worked."""

    def killed_after(seconds: float, code: str, *arguments: str) -> float:
        process = started(code, *arguments)
        begun = time.perf_counter()
        go_on(process)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        finally:
            process.communicate()
        assert process.returncode in (0, -9)
        return time.perf_counter() - begun

    return killed_after


def instants(whole: float) -> list[float]:
    """Seconds after which to kill a process that takes this long: a random moment in each part of its time."""
    return [whole * (number + random.random()) / INSTANTS for number in range(INSTANTS)]


@each_kind
def test_a_push_killed_at_any_instant_leaves_no_torn_remote(bundles, elsewhere, tmp_path, killed_after):
    whole = killed_after(60, PUSH, str(bundles[0].path), f"{elsewhere}/first")
    for seconds, bundle in zip(instants(whole), bundles, strict=True):
        killed_after(seconds, PUSH, str(bundle.path), elsewhere)
        store = Store(tmp_path / "other")
        for each in Remote(elsewhere).summaries():
            verify(bento.pull(str(each), elsewhere, store=store))
    for bundle in bundles:
        remote = Remote(elsewhere)
        missing = sum(remote.lacks(file) for file in bundle.manifest.files)
        assert push_bundle(bundle, remote).files == missing
        assert bento.pull(str(bundle.tag), elsewhere, store=store).fingerprint == bundle.fingerprint
    assert {each.fingerprint for each in Remote(elsewhere).summaries()} == {bundle.fingerprint for bundle in bundles}


@each_kind
def test_of_many_pushes_of_one_tag_at_once_one_wins_completely(make_bundle, elsewhere, tmp_path, started):
    for number in range(RIVALRIES):
        rivals = [make_bundle(tmp_path / f"{number}-{name}", {"src/iris.py": name.encode()}, version=str(number)) for name in "abc"]
        processes = [started(PUSH, str(bundle.path), elsewhere) for bundle in rivals]
        for process in processes:
            go_on(process)
        said = [process.communicate()[0].strip() for process in processes]
        pulled = bento.pull(f"iris:{number}", elsewhere, store=Store(tmp_path / "other"))
        verify(pulled)
        (winner,) = (place for place, bundle in enumerate(rivals) if bundle.fingerprint == pulled.fingerprint)
        assert said.pop(winner) == f"{Remote(elsewhere)}/iris:{number}"
        # In a registry, a push that has seen its own manifest in place may still be followed by another push.
        late = {f"{Remote(elsewhere)}/iris:{number}"} if elsewhere.startswith("oci:") else set()
        assert set(said) - late <= {f"another bundle iris:{number} exists at {Remote(elsewhere)}: save yours under another version"}


@each_kind
def test_a_pull_killed_at_any_instant_leaves_no_torn_store(bundles, elsewhere, tmp_path, killed_after):
    for bundle in bundles:
        bento.push(bundle, elsewhere)
    whole = killed_after(60, PULL, "iris:0", elsewhere, str(tmp_path / "first"))
    store = Store(tmp_path / "other")
    for seconds, bundle in zip(instants(whole), bundles, strict=True):
        killed_after(seconds, PULL, str(bundle.tag), elsewhere, str(store.root))
        for each in store.list():
            verify(each)
    for bundle in bundles:
        assert bento.pull(str(bundle.tag), elsewhere, store=store).fingerprint == bundle.fingerprint
    for leftovers in ("tmp", "partial"):
        assert list((store.root / leftovers).iterdir()) == []


def test_many_processes_can_pull_one_bundle_at_once(bundles, tmp_path, started):
    url, store = f"file://{tmp_path}/remote", Store(tmp_path / "other")
    bento.push(bundles[0], url)
    processes = [started(PULL, "iris:0", url, str(store.root)) for _ in range(4)]
    for process in processes:
        go_on(process)
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 4
    verify(store.get("iris:0"))
    assert [path for folder in ("tmp", "partial") for path in (store.root / folder).iterdir()] == []

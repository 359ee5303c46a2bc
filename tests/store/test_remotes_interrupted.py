"""Whoever is killed while pushing or pulling: a tag of a remote is a whole bundle, and the next try brings the rest."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

import bento
from bento.bundle import verify
from bento.store import Store
from bento.store.remote import Remote

PUSH = """
import sys
from pathlib import Path
import bento
print("ready", flush=True)
input()
bento.push(Path(sys.argv[1]), sys.argv[2])
"""

PULL = """
import sys
from pathlib import Path
import bento
print("ready", flush=True)
input()
bento.pull(sys.argv[1], sys.argv[2], store=bento.Store(Path(sys.argv[3])))
"""

INSTANTS = 6


@pytest.fixture
def bundles(make_bundle, tmp_path):
    """Bundles that have one file in common, and one each."""

    def files(version: str) -> dict[str, bytes]:
        return {f"artifacts/model/{number}": os.urandom(1 << 20) for number in range(6)} | {"src/iris.py": version.encode()}

    return [make_bundle(tmp_path / "made" / str(number), files(str(number)), version=str(number)) for number in range(INSTANTS)]


def killed_after(seconds: float, code: str, *arguments: str) -> float:
    """Run Python code, and kill it this many seconds after it has begun to work, unless it is done; how long it worked."""
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    started = time.perf_counter()
    process.stdin.write("\n")
    process.stdin.flush()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    finally:
        process.communicate()
    assert process.returncode in (0, -9)
    return time.perf_counter() - started


@pytest.mark.timeout(300)
def test_a_push_killed_at_any_instant_leaves_no_torn_remote(bundles, elsewhere, tmp_path):
    whole = killed_after(60, PUSH, str(bundles[0].path), f"{elsewhere}/first")
    for number, bundle in enumerate(bundles):
        killed_after(whole * number / INSTANTS, PUSH, str(bundle.path), elsewhere)
        store = Store(tmp_path / "other")
        for each in Remote(elsewhere).summaries():
            verify(bento.pull(str(each), elsewhere, store=store))
    for bundle in bundles:
        bento.push(bundle, elsewhere)
        assert bento.pull(str(bundle.tag), elsewhere, store=store).fingerprint == bundle.fingerprint
    assert {each.fingerprint for each in Remote(elsewhere).summaries()} == {bundle.fingerprint for bundle in bundles}


@pytest.mark.timeout(300)
def test_a_pull_killed_at_any_instant_leaves_no_torn_store(bundles, elsewhere, tmp_path):
    for bundle in bundles:
        bento.push(bundle, elsewhere)
    whole = killed_after(60, PULL, "iris:0", elsewhere, str(tmp_path / "first"))
    store = Store(tmp_path / "other")
    for number, bundle in enumerate(bundles):
        killed_after(whole * number / INSTANTS, PULL, str(bundle.tag), elsewhere, str(store.root))
        for each in store.list():
            verify(each)
    for bundle in bundles:
        assert bento.pull(str(bundle.tag), elsewhere, store=store).fingerprint == bundle.fingerprint
    for leftovers in ("tmp", "partial"):
        assert list((store.root / leftovers).iterdir()) == []


def test_many_that_pull_one_bundle_at_once_all_get_it(bundles, tmp_path):
    url, store = f"file://{tmp_path}/remote", Store(tmp_path / "other")
    bento.push(bundles[0], url)
    command = [sys.executable, "-c", PULL, "iris:0", url, str(store.root)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 4
    verify(store.get("iris:0"))
    assert [path for folder in ("tmp", "partial") for path in (store.root / folder).iterdir()] == []

"""A large file that was verified is not read again until it changes."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from pathlib import Path

import pytest

from bento.bundle import Ledger, verify
from bento.errors import BundleError
from bento.packers import ArchivePacker

CONTENT = b"weights" * 300_000
MODEL = "artifacts/model/weights"
# In seconds: more than the resolution of timestamps on any file system.
SETTLE = 0.1


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path / "verified", settle=SETTLE)


@pytest.fixture
def bundle(make_bundle, tmp_path):
    """A bundle whose files have been left alone for a while."""
    made = make_bundle(tmp_path / "bundle", {MODEL: CONTENT, "src/iris.py": b"import bento\n"})
    wait_until_settled(made.path / MODEL)
    return made


def wait_until_settled(path: Path) -> None:
    """Wait until the last change is old enough, because the time of a status change cannot be set."""
    while time.time() - path.stat().st_ctime < 2 * SETTLE:
        os.sched_yield()


def read(bundle, ledger, **how) -> int:
    """How many bytes verifying reads from the disk; those that it skips are reported at once."""
    steps = [0]
    verify(bundle, steps.append, ledger=ledger, **how)
    assert steps[-1] == bundle.size
    return sum(size for start, end in pairwise(steps) if (size := end - start) != len(CONTENT))


def test_a_file_that_was_verified_is_not_read_again_and_small_ones_always_are(bundle, ledger):
    small = bundle.size - len(CONTENT)
    assert [read(bundle, ledger), read(bundle, ledger), read(bundle, None)] == [bundle.size, small, bundle.size]


def test_verifying_anew_reads_everything(bundle, ledger):
    read(bundle, ledger)
    assert read(bundle, ledger, anew=True) == bundle.size


def test_a_file_that_has_just_changed_is_not_remembered(make_bundle, tmp_path):
    ledger = Ledger(tmp_path / "verified", settle=60)
    made = make_bundle(tmp_path / "new", {MODEL: CONTENT})
    assert [read(made, ledger), read(made, ledger)] == [made.size] * 2


def change_and_put_the_time_back(path: Path) -> None:
    times = path.stat()
    with path.open("r+b") as file:
        file.write(b"W")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replace_and_put_the_time_back(path: Path) -> None:
    times = path.stat()
    path.with_name("new").write_bytes(b"W" + CONTENT[1:])
    path.with_name("new").replace(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def map_and_change(path: Path) -> None:
    import mmap

    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as pages:
        pages[0:1] = b"W"
        pages.flush()


@pytest.mark.parametrize("change", [change_and_put_the_time_back, replace_and_put_the_time_back, map_and_change])
def test_a_change_is_found_however_it_is_hidden(bundle, ledger, change):
    verify(bundle, ledger=ledger)
    change(bundle.path / MODEL)
    with pytest.raises(BundleError, match="'artifacts/model/weights' has changed"):
        verify(bundle, ledger=ledger)


def test_a_copy_of_a_verified_file_is_read_again(bundle, ledger, make_bundle, tmp_path):
    verify(bundle, ledger=ledger)
    copy = make_bundle(tmp_path / "copy", {MODEL: CONTENT, "src/iris.py": b"import bento\n"})
    assert read(copy, ledger) == bundle.size


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"1 2 3\n"])
def test_a_damaged_record_causes_the_file_to_be_hashed_again(bundle, ledger, tmp_path, content):
    read(bundle, ledger)
    [record] = (tmp_path / "verified").iterdir()
    record.write_bytes(content)
    assert read(bundle, ledger) == bundle.size


def test_a_ledger_that_cannot_be_written_does_not_prevent_verifying(bundle, tmp_path):
    assert read(bundle, Ledger(tmp_path / "no/such/place")) == bundle.size
    assert not (tmp_path / "no").exists()


def test_old_records_are_forgotten(bundle, ledger, tmp_path):
    read(bundle, ledger)
    [record] = (tmp_path / "verified").iterdir()
    ledger.prune()
    assert record.exists()
    os.utime(record, (0, 0))
    ledger.prune()
    assert not record.exists()


def test_sharing_and_deleting_keep_the_records_of_files_that_are_left_and_remove_others(store, make_bundle, tmp_path):
    def take_in(version: str):
        made = make_bundle(tmp_path / version, {MODEL: CONTENT, "src/iris.py": version.encode()}, version=version)
        return store.unpack(ArchivePacker().pack(made, tmp_path / f"{version}.bento"))

    one, ledger = take_in("1"), Ledger(store.root / "verified", settle=SETTLE)
    wait_until_settled(one.path / MODEL)
    verify(one, ledger=ledger)
    two = take_in("2")
    assert read(two, ledger) == 1
    store.delete("iris:1")
    assert read(two, ledger) == 1
    store.delete("iris:2")
    assert list((store.root / "verified").iterdir()) == []

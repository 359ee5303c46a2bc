"""How many processors a container leaves, read from files as the kernel writes them."""

from __future__ import annotations

import os

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from bento.serving.workers.processors import available_processors, share_processors

VARIABLES = ["OMP_NUM_THREADS", "RAYON_NUM_THREADS", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS", "VECLIB_MAXIMUM_THREADS"]
AFFINITY = 64


@pytest.fixture(autouse=True)
def large_machine(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(AFFINITY)))
    monkeypatch.setattr(os, "cpu_count", lambda: AFFINITY)


@pytest.fixture
def process(tmp_path):
    """Writes what /proc/self says of control groups, and the groups' own files."""

    def write(cgroup: str, mounts: str, files: dict[str, str]):
        (tmp_path / "cgroup").write_text(cgroup)
        (tmp_path / "mountinfo").write_text(mounts.replace("MOUNT", str(tmp_path / "mount")))
        for name, text in files.items():
            path = tmp_path / "mount" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


V2 = "31 23 0:28 / MOUNT rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "32 31 0:29 / MOUNT rw - cgroup cgroup rw,cpu,cpuacct\n33 31 0:30 / /elsewhere rw - cgroup cgroup rw,memory\n"


@pytest.mark.parametrize(("limit", "expected"), [("max 100000", AFFINITY), ("400000 100000", 4), ("250000 100000", 2), ("50000 100000", 1)])
def test_a_control_group_leaves_whole_processors_and_at_least_one(process, limit, expected):
    assert available_processors(process("0::/pod\n", V2, {"pod/cpu.max": limit + "\n"})) == expected


def test_the_tightest_of_all_control_groups_around_a_process_counts(process):
    files = {"a/b/c/cpu.max": "800000 100000\n", "a/b/cpu.max": "300000 100000\n", "a/cpu.max": "max 100000\n"}
    assert available_processors(process("0::/a/b/c\n", V2, files)) == 3


def test_control_groups_of_version_1_count_too(process):
    files = {
        "job/cpu.cfs_quota_us": "200000\n",
        "job/cpu.cfs_period_us": "50000\n",
        "cpu.cfs_quota_us": "-1\n",
        "cpu.cfs_period_us": "50000\n",
    }
    assert available_processors(process("9:memory:/x\n1:cpu,cpuacct:/job\n0::/\n", V1, files)) == 4


def test_a_container_that_sees_its_own_group_as_the_root_is_limited_by_it(process):
    files = {"cpu.cfs_quota_us": "600000\n", "cpu.cfs_period_us": "100000\n"}
    mounts = V1.replace("0:29 /", "0:29 /docker/3f9a")
    assert available_processors(process("1:cpu,cpuacct:/docker/3f9a\n", mounts, files)) == 6
    assert available_processors(process("1:cpu,cpuacct:/\n", mounts, files)) == 6


def test_without_control_groups_the_affinity_counts(tmp_path):
    assert available_processors(tmp_path) == AFFINITY


@pytest.mark.parametrize(("workers", "each"), [(2, AFFINITY // 2), (2 * AFFINITY, 1)])
def test_the_libraries_of_many_workers_share_the_processors(workers, each):
    environ: dict[str, str] = {}
    share_processors(workers, environ)
    assert environ == dict.fromkeys(VARIABLES, str(each))


def test_a_library_that_is_already_loaded_is_limited_directly():
    with threadpool_limits():
        np.linalg.inv(np.eye(2))
        share_processors(AFFINITY, {})
        assert {library["num_threads"] for library in threadpool_info()} == {1}


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_that_the_user_has_set_stays(variable):
    environ = {variable: "7"}
    share_processors(2, environ)
    assert environ[variable] == "7"


def test_one_worker_with_the_whole_machine_sets_no_limits_for_its_libraries():
    environ: dict[str, str] = {}
    share_processors(1, environ)
    assert environ == {}


def test_one_worker_in_a_container_limits_its_libraries(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2 * AFFINITY)
    environ: dict[str, str] = {}
    share_processors(1, environ)
    assert environ["OMP_NUM_THREADS"] == str(AFFINITY)

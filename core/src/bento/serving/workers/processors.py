"""How many processors this process may use, and how many threads each of its workers should start.

A container sees every processor of its host; how many it may use is written in its control groups. Libraries that start a thread for each
processor they see would start far too many there, and as many again in every worker.

Sources: cgroups(7); the kernel's cgroup-v2.rst ("cpu.max") and sched-bwc.rst ("cpu.cfs_quota_us").
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path

# OpenBLAS, MKL, BLIS, numexpr, torch and everything that uses OpenMP read the first, unless their own variable is set. The others are for
# the tokenizers of transformers, which are Rust, for TensorFlow, which has threads within an operation and threads for several, and for
# Accelerate.
_VARIABLES = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS", "VECLIB_MAXIMUM_THREADS")


def available_processors(process: Path = Path("/proc/self")) -> int:
    """The processors that affinity and control groups leave to this process: whole ones, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([allowed, *_quotas(process)])))


def share_processors(workers: int, environ: MutableMapping[str, str] = os.environ) -> None:
    """Tell libraries how many threads each of so many workers may start. Those that are not loaded yet learn it from the environment.

    What the user has set stays. If one worker may use every processor, its libraries decide, because they know more than the number.
    """
    available = available_processors()
    if _VARIABLES[0] in environ or (workers == 1 and available == os.cpu_count()):
        return
    each = max(1, available // workers)
    for variable in _VARIABLES:
        environ.setdefault(variable, str(each))
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(each)
    if "threadpoolctl" in sys.modules:
        sys.modules["threadpoolctl"].threadpool_limits(each)


def _quotas(process: Path) -> Iterator[float]:
    """How many processors' worth of time each control group around the process allows, for those that have a limit."""
    for folder, mount in _groups(process):
        for group in (folder, *folder.parents):
            if group.is_relative_to(mount):
                yield from _quota(group)


def _groups(process: Path) -> Iterator[tuple[Path, Path]]:
    """The process's folder in each mounted hierarchy that may limit processors, and the mount it is in."""
    if not (process / "cgroup").exists():
        return
    paths: dict[str, str] = {}
    for line in (process / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        paths |= dict.fromkeys(controllers.split(","), path)
    for line in (process / "mountinfo").read_text().splitlines():
        mounted, _, described = line.partition(" - ")
        root, mount = mounted.split()[3:5]
        kind, _, options = described.split()[:3]
        controller = {"cgroup2": "", "cgroup": "cpu"}.get(kind)
        if controller in paths and (kind == "cgroup2" or "cpu" in options.split(",")):
            # Inside a container the path may be the host's, of which only what is below the mount's root can be seen.
            below = os.path.relpath(paths[controller], root)
            yield (Path(mount) if below.startswith("..") else Path(mount, below)), Path(mount)


def _quota(group: Path) -> Iterator[float]:
    new, old = group / "cpu.max", group / "cpu.cfs_quota_us"
    if new.exists():
        quota, period = new.read_text().split()
    elif old.exists():
        quota, period = old.read_text().strip(), (group / "cpu.cfs_period_us").read_text().strip()
    else:
        return
    if quota not in {"max", "-1"}:
        yield int(quota) / int(period)

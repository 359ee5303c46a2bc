"""What the kernel knows of a server: all of its processes, their processor time and memory."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

_PROC = Path("/proc")


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                children.setdefault(int(_stat(int(folder.name))[1]), []).append(int(folder.name))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of a family so far, in user and kernel mode, in seconds; members that have ended are not included."""
    total = 0.0
    for member in family(pid):
        with contextlib.suppress(OSError):
            total += time.clock_gettime(_clock(member))
    return total


def _clock(pid: int) -> int:
    """The clock of a process's processor time. Source: clock_getcpuclockid(3), as Linux makes it."""
    return (~pid << 3) | 2


def memory(pid: int) -> int:
    """Resident bytes of a family; memory that two members share counts twice."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((_PROC / str(member) / "statm").read_text().split()[1])
    return total * os.sysconf("SC_PAGE_SIZE")


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a whole family."""
    for member in family(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, number)


def _stat(pid: int) -> list[str]:
    """The fields of a process after its name, which may hold anything. Source: proc_pid_stat(5)."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def kill_all(pids: list[int]) -> None:
    """End what a server left behind."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

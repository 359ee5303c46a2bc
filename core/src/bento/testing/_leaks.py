"""What a test leaves behind in its process: running threads, open files, and child processes that were not waited for."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

_PATIENCE = 1.0
"""In seconds: how long all threads together may take to end."""
_SYSTEM = ("/dev/", "/proc/", "/sys/", "/memfd:", "anon_inode:")
"""Open paths that begin like this are not files that a test forgot to close."""
_DRIVERS = ("/dev/nvidia*", "/dev/dxg", "/dev/kfd", "/dev/dri/*")
_OF_DRIVERS = ("socket:*", "pipe:*")
"""What a GPU's driver and libraries open at first use and never close. It is impossible to tell who opened these."""
# Python starts these processes at first use and keeps them until it ends.
_TRACKERS = ("resource_tracker", "forkserver")
_WALL = 0x40000000
"""Includes children that send no signal when they end. Source: wait(2) and linux/wait.h, __WALL."""


K = TypeVar("K", int, str)


@dataclass(frozen=True, slots=True)
class Held:
    """The threads, open files and child processes of a process at one moment, each with its name."""

    threads: dict[int, str]
    files: dict[str, str]
    has_driver: bool
    processes: dict[int, str]

    @classmethod
    def now(cls) -> Held:
        """What this process holds now."""
        return cls({thread.ident: thread.name for thread in threading.enumerate() if thread.ident}, *_files(), _processes())

    def left(self, lasting: Collection[str]) -> Iterator[str]:
        """Advice for each thing that the process holds now and did not hold then, except those that `lasting` names."""
        now = Held.now()
        for ident, name in _new(now.threads, self.threads, lasting):
            yield f"the thread {name!r} still runs: join thread {ident} before the call returns"
        for descriptor, path in _new(now.files, self.files, [*lasting, *_OF_DRIVERS] if now.has_driver else lasting):
            yield f"{path!r} is still open as {descriptor}: close it, or use a with statement"
        for pid, name in _new(now.processes, self.processes, lasting):
            yield f"the process {pid}, {name!r}, is still there: end it and wait for it"


@contextmanager
def no_leaks(lasting: Collection[str] = ()) -> Iterator[None]:
    """Raise an AssertionError with advice if the code in the block leaves anything behind, except what `lasting` names."""
    __tracebackhide__ = True
    before = Held.now()
    yield
    left = list(before.left(lasting))
    if left:  # uncollected garbage may hold a file, and a thread that was told to end needs a moment
        gc.collect()
        _await_threads(before)
        left = list(before.left(lasting))
    if left:
        raise AssertionError(
            f"this test leaves something behind: {'; '.join(left)}; what a framework keeps for good is named in `lasting` of the test class"
        )


def _new(now: dict[K, str], before: dict[K, str], lasting: Collection[str]) -> list[tuple[K, str]]:
    return [
        (key, name) for key, name in now.items() if before.get(key) != name and not any(fnmatchcase(name, pattern) for pattern in lasting)
    ]


def _await_threads(before: Held) -> None:
    end = time.monotonic() + _PATIENCE
    for thread in threading.enumerate():
        if thread.ident not in before.threads and thread is not threading.current_thread():
            thread.join(max(0.0, end - time.monotonic()))


def _files() -> tuple[dict[str, str], bool]:
    """The open files by descriptor, and whether a GPU's driver is open."""
    found = {}
    has_driver = False
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor that listed the folder is already closed
            path = str(entry.readlink())
            if not path.startswith(_SYSTEM):
                found[f"descriptor {entry.name}"] = path
            has_driver |= any(fnmatchcase(path, driver) for driver in _DRIVERS)
    return found, has_driver


def _processes() -> dict[int, str]:
    """The children of this process, including those that have ended but were not waited for."""
    if not _has_children():
        return {}
    children: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # the process may have ended by now
                # Source: proc(5), /proc/pid/stat: "pid (comm) state ppid ..."; comm may hold spaces and parentheses.
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) != os.getpid():
                    continue
                command = (entry / "cmdline").read_text(errors="replace").replace("\0", " ").strip()
                if not any(name in command for name in _TRACKERS):
                    children[int(entry.name)] = command or "ended"
    return children


def _has_children() -> bool:
    """Whether this process has children. If not, there is no need to look at every process, which takes milliseconds twice per test."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT | _WALL)
    except ChildProcessError:
        return False
    return True

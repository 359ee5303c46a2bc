"""Child processes: forked cleanly, and forked from a loaded process only where that is safe."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

SIGNALS = frozenset({signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGTERM})
"""The signals by which a process with children learns that a child has ended, or that something is asked of it."""

# Their threads and locks do not survive a fork, even if none of them can be seen yet.
_NEVER_FORKED = ("jax", "tensorflow")
_LAST_MOMENT = 0.1
_DEVICES = ("/dev/nvidia", "/dev/dxg", "/dev/kfd", "/dev/dri/", "/dev/accel", "/dev/neuron")


def fork(work: Callable[[], None], on_error: Callable[[BaseException], None]) -> int:
    """Run `work` in a child process; returns the child's id. The child ends with status 0 after `work`, or with 1 after `on_error`.

    The child ignores what a terminal sends to all its processes (SIGINT, SIGHUP), because its parent decides. SIGTERM ends it unless `work`
    says otherwise.
    """
    flush()
    # No signal must reach the child before it has dropped its parent's signal handlers.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        pid = os.fork()
        if pid == 0:
            _be_child(work, on_error)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def no_further_process(error: OSError) -> str:
    """Why a fork has failed, and the way out. Threads count towards the limit of processes. Source: fork(2)."""
    way_out = ": allow its user or container more processes and threads" if error.errno == errno.EAGAIN else ""
    return f"no more processes can be started: {error.strerror}{way_out}"


def _be_child(work: Callable[[], None], on_error: Callable[[BaseException], None]) -> NoReturn:
    status = 1
    try:
        _listen_to_nobody()
        work()
        status = 0
    except BaseException as error:  # noqa: BLE001 - whoever asked for the child says what it means
        on_error(error)
    finally:
        # A model's thread that hangs must not keep a process alive that has answered everything.
        end(status)


def end(status: int) -> NoReturn:
    """End this process, whatever its threads do, and the children that multiprocessing has started for it, as an exit of Python does."""
    flush()
    try:
        _end_children()
    finally:
        os._exit(status)


def flush() -> None:
    """Write what is buffered. A full disk, or a pipe that nobody reads, must not keep a process from ending or from being forked."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.flush()


def _end_children() -> None:
    # If it was not imported, it has started none.
    multiprocessing = sys.modules.get("multiprocessing")
    for child in multiprocessing.active_children() if multiprocessing else ():
        # A child that was started before a fork belongs to another process.
        if child._parent_pid == os.getpid():  # noqa: SLF001 - asked whether it lives, it would fail by an assertion
            child.terminate()


def _listen_to_nobody() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGHUP, signal.SIGINT):
        # Not SIG_IGN, which programs that a service starts would inherit.
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def reason_not_to_fork() -> str:
    """Why a fork of this process would be unsafe, "" if it is safe: other threads' locks stay locked in a child for ever."""
    if not Path("/proc/self/task").exists():
        return "only Linux says which threads run"
    for module in _NEVER_FORKED:
        if module in sys.modules:
            return f"{module} does not survive a fork"
    if device := _open_device():
        return f"{device} is in use"
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            return f"thread {thread.name!r} runs"
    others = _count_other_threads() and _end_threads_that_expect_forks()
    if others == 1:
        return "a thread of a library runs"
    return f"{others} threads of a library run" if others else ""


def _open_device() -> str:
    """The device file of an accelerator that this process has opened, "" if there is none: its driver does not work in a forked child."""
    for number in Path("/proc/self/fd").iterdir():
        # A file can be closed between being listed and being looked at; the listing's own is.
        target = str(number.readlink()) if number.is_symlink() else ""
        if target.startswith(_DEVICES):
            return target
    return ""


def _end_threads_that_expect_forks() -> int:
    """Fork once without using the child, and count the threads that are left: libraries that prepare for forks (OpenBLAS) end theirs until
    they need them again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    # The kernel may list a thread for a moment after it was joined.
    due = time.monotonic() + _LAST_MOMENT
    while (others := _count_other_threads()) and time.monotonic() < due:
        time.sleep(0.001)
    return others


def _count_other_threads() -> int:
    return len(os.listdir("/proc/self/task")) - 1  # noqa: PTH208 - names would be made into paths for nothing

"""Watching what this process does: which code it runs, which files it writes, which hosts it calls.

Python's audit hooks cannot be removed, so there is a single one, which does nothing unless somebody watches.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGING = {"os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate", "os.utime"}
_RUNNING = {"os.exec", "os.posix_spawn", "os.system", "pickle.find_class", "subprocess.Popen"}
_CALLING = {"socket.connect", "socket.sendto", "socket.getaddrinfo"}

_watched: list[tuple[Path, list[str]]] = []


@contextmanager
def watching(folder: Path) -> Iterator[list[str]]:
    """Forbidden events during the block: code is run from below `folder`, a file elsewhere is written, or a host is called."""
    seen: list[str] = []
    _watched.append((folder, seen))
    try:
        yield seen
    finally:
        _watched.pop()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched:
        return
    folder, seen = _watched[-1]
    if event in _RUNNING or event in _CALLING:
        seen.append(f"{event} {arguments!r}")
    elif event == "exec" and isinstance(arguments[0], CodeType) and arguments[0].co_filename.startswith(str(folder)):
        seen.append(f"ran {arguments[0].co_filename}")
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        _note(event, arguments[:1], folder, seen)
    elif event in _CHANGING:
        _note(event, arguments, folder, seen)


def _note(event: str, arguments: tuple[Any, ...], folder: Path, seen: list[str]) -> None:
    """Note paths outside the folder, except compiled files, which Python writes for modules that are imported late."""
    for argument in arguments:
        path = os.fsdecode(argument) if isinstance(argument, str | bytes | os.PathLike) else ""
        if path.startswith("/") and not path.startswith(str(folder)) and "__pycache__" not in path:
            seen.append(f"{event} {path}")


sys.addaudithook(_hook)

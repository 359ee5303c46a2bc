"""Folders of plain files: walking them without ever following a link."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

log = logging.getLogger(__name__)


def walk(folder: Path, leave_out: Callable[[os.DirEntry[str]], bool] = lambda _: False) -> Iterator[os.DirEntry[str]]:
    """Every entry below a folder, each folder before its contents; links are listed, but never followed."""
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if leave_out(entry):
                    continue
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    pending.append(Path(entry.path))


def package_files(folder: Path) -> Iterator[Path]:
    """The files of a package: its modules and what lies beside them, without hidden files, compiled modules and virtual environments.

    Links, devices and pipes are left out with a warning.
    """
    for entry in walk(folder, _is_no_part):
        if entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        elif not entry.is_dir(follow_symlinks=False):
            log.warning("left out %s: it is not a plain file, and links are not followed", entry.path)


def _is_no_part(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.name.endswith((".pyc", ".pyo")) or entry.name in ("__pycache__", "site-packages"):
        return True
    return entry.is_dir(follow_symlinks=False) and Path(entry.path, "pyvenv.cfg").is_file()


def relative(entry: os.DirEntry[str], folder: Path) -> str:
    """An entry's path from `folder`, its parts joined by `/`."""
    return os.path.relpath(entry.path, folder)

"""The contents of a folder, and the ways in which one of its files can be damaged."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below a folder by its relative path. The path of a folder ends in '/'; links are followed."""
    return {_label(folder, path): b"" if path.is_dir() else path.read_bytes() for path in sorted(folder.rglob("*"))}


def times(folder: Path) -> dict[str, int]:
    """When each file and folder was last changed, the folder itself included."""
    return {str(path): path.lstat().st_mtime_ns for path in (folder, *sorted(folder.rglob("*")))}


def links(folder: Path) -> list[str]:
    """The links, pipes and devices below a folder, which a bundle cannot contain."""
    return [_label(folder, path) for path in sorted(folder.rglob("*")) if path.is_symlink() or not (path.is_file() or path.is_dir())]


def open_files() -> set[str]:
    """The files that this process has open, each with its descriptor."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor that listed the folder is already closed
            found.add(f"{entry.readlink()} ({entry.name})")
    return found


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Remove the write permission of everything below a folder, and restore it afterwards."""
    paths = (folder, *folder.rglob("*"))
    modes = {path: path.stat().st_mode for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


@contextmanager
def writing_bytecode() -> Iterator[None]:
    """Let Python write bytecode for the modules that it imports, which is its default, even if the test run has turned that off."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    try:
        yield
    finally:
        # A module that was imported may have turned it off permanently.
        sys.dont_write_bytecode = before or sys.dont_write_bytecode


@dataclass(frozen=True, slots=True)
class Damage:
    """One fault of one file: cut off after `offset` bytes, or one bit of the byte there flipped."""

    file: str
    offset: int
    bit: int | None

    def __str__(self) -> str:
        if self.bit is None:
            return f"{self.file!r} cut off after {self.offset} bytes"
        return f"{self.file!r} with bit {self.bit} of byte {self.offset} flipped"

    @contextmanager
    def done_to(self, folder: Path) -> Iterator[None]:
        """Damage the file in a folder, and restore it afterwards."""
        path = folder / self.file
        whole = path.read_bytes()
        path.write_bytes(self._of(whole))
        try:
            yield
        finally:
            path.write_bytes(whole)

    def _of(self, whole: bytes) -> bytes:
        if self.bit is None:
            return whole[: self.offset]
        return whole[: self.offset] + bytes([whole[self.offset] ^ 1 << self.bit]) + whole[self.offset + 1 :]


def damages(files: Mapping[str, bytes]) -> st.SearchStrategy[Damage]:
    """Any damage to any of the files. Most of it is near the beginning or the end, where formats keep what matters."""
    sizes = {name: len(content) for name, content in files.items() if content}
    return st.sampled_from(sorted(sizes)).flatmap(
        lambda name: st.builds(Damage, st.just(name), _offsets(sizes[name]), st.none() | st.integers(0, 7))
    )


def _offsets(size: int) -> st.SearchStrategy[int]:
    near = min(size, 200)
    return st.integers(0, near - 1) | st.integers(size - near, size - 1) | st.integers(0, size - 1)


def _label(folder: Path, path: Path) -> str:
    return f"{path.relative_to(folder)}{'/' if path.is_dir() else ''}"

"""Reading a requirements.txt: requirements with their lines, and no options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ...env import check_requirement
from ...errors import DefinitionError

# Source: pip's "Requirements File Format": a comment starts the line or follows a space, and takes precedence over a continuation.
_COMMENT: Final = re.compile(r"(^|\s+)#.*$")
_OPTION: Final = re.compile(r"(^|\s)--?[A-Za-z]")


def read_requirements(file: Path, name: str) -> Iterator[tuple[str, str]]:
    """Each requirement with `name:line`; an option, a path or an address is a DefinitionError that names its line."""
    for line, text in _logical_lines(_read(file, name)):
        place = f"{name}:{line}"
        if _OPTION.search(text):
            raise DefinitionError(f"{place}: {text!r} has an option, and a bundle keeps requirements only: write them without options")
        try:
            check_requirement(text)
        except DefinitionError as error:
            raise DefinitionError(f"{place}: {error}") from error
        yield text, place


def _read(file: Path, name: str) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise DefinitionError(f"cannot read {name}: {error}") from error


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines joined where a backslash ends them, without comments, each with the number of its first line."""
    parts: list[str] = []
    first = 1
    for number, raw in enumerate([*text.splitlines(), ""], 1):
        first = first if parts else number
        line = _COMMENT.sub("", raw)
        parts.append(line.removesuffix("\\"))
        if line.endswith("\\") and line == raw:
            continue
        joined = "".join(parts).strip()
        parts = []
        if joined:
            yield first, joined

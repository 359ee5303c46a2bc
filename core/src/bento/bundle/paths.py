"""Paths inside a bundle: relative, their parts joined by `/`, and never two that a file system could take for one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from .checks import FieldError

MANIFEST: Final = "bento.json"
ARTIFACTS: Final = "artifacts"
SOURCE: Final = "src"
WHEELS: Final = "wheels"
EXAMPLES: Final = "examples"
README: Final = "README.md"
REQUIREMENTS: Final = "requirements.txt"
ENVIRONMENT: Final = "environment.yml"
LOCK: Final = "requirements.lock"
SBOM: Final = "sbom.cdx.json"
SIGNATURE: Final = re.compile(r"bento\.[0-9a-f]{32}\.sig")
"""The name of a signature's file, which lies beside the manifest, and which no manifest lists."""


def parents(path: str) -> list[str]:
    """The folders that a path lies in, outermost first."""
    names = path.split("/")
    return ["/".join(names[:count]) for count in range(1, len(names))]


def check_distinct(paths: Sequence[str]) -> None:
    """Refuse paths that are not sorted, occur twice, or fall together where case or the composition of letters is ignored."""
    seen = {_fold(MANIFEST): ("", False)}
    for index, path in enumerate(paths):
        if index and path <= paths[index - 1]:
            raise FieldError("files sorted by path, each once", path, f"[{index}].path")
        if SIGNATURE.fullmatch(_fold(path.partition("/")[0])):
            raise FieldError("a path that is no signature's", path, f"[{index}].path")
        for part in (*parents(path), path):
            here = (part, part != path)
            if seen.setdefault(_fold(part), here) != here:
                raise FieldError("paths that are distinct on every file system", path, f"[{index}].path")


def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())

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
SIGNATURE: Final = re.compile(r"bento\.[0-9a-f]{32}\.(?:sig|sigstore\.json)")
"""The name of a signature's file, which lies beside the manifest, and which no manifest lists."""


_MAX_FOLDERS: Final = 32 << 20
# Characters that HFS+ ignores in a name, and those that Windows strips from its end. Source: Apple, TN1150; Unicode,
# Default_Ignorable_Code_Point.
_UNSEEN: Final = re.compile(r"[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\ufeff]|[ .]+(?=/|$)")


def parents(path: str) -> list[str]:
    """The folders that a path lies in, outermost first."""
    names = path.split("/")
    return ["/".join(names[:count]) for count in range(1, len(names))]


def check_distinct(paths: Sequence[str]) -> None:
    """Refuse paths that are not sorted, occur twice, or would be the same on a file system that distinguishes fewer names than Linux.

    The total length of all folders' paths is limited as well, far above what a bundle needs, because a short list of deep paths can name
    very many folders.
    """
    seen, folders, length = {_fold(MANIFEST): ("", False)}, set[str](), 0
    for index, path in enumerate(paths):
        if index and path <= paths[index - 1]:
            raise FieldError("files sorted by path, each once", path, f"[{index}].path")
        if SIGNATURE.fullmatch(_fold(path.partition("/")[0])):
            raise FieldError("a path that is not a signature's", path, f"[{index}].path")
        for part in (*(folder for folder in parents(path) if folder not in folders), path):
            here, folded = (part, part != path), _fold(part)
            if part != path:
                folders.add(part)
                length += len(part)
            if seen.setdefault(folded, here) != here:
                raise FieldError("paths that are distinct on every file system", path, f"[{index}].path")
        if length > _MAX_FOLDERS:
            raise FieldError(f"folders with paths of at most {_MAX_FOLDERS} characters in all", path, f"[{index}].path")


def _fold(path: str) -> str:
    """A path for comparison: without case, composed letters, invisible characters, and dots and spaces at the end of a name."""
    folded = path.lower() if path.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
    return _UNSEEN.sub("", folded)

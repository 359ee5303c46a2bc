"""Notes: what a store records about a bundle outside of it, by its fingerprint, because it depends on the occasion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..opening import read_plain
from .root import make_folder

if TYPE_CHECKING:
    from ..tag import Tag

ORIGINS: Final = "origins"
"""The kind of note that says where a bundle came from, if it was not saved here."""
TRUSTED: Final = "trusted"
"""The kind of note that says why a bundle's code may run here."""


def write_note(root: Path, kind: str, fingerprint: str, tag: Tag, *, scratch: Path, **said: str) -> None:
    """Write a note with the time and the user's name, atomically; `scratch` is a folder on the store's file system."""
    note = {"tag": str(tag), "when": datetime.now(UTC).isoformat(timespec="seconds"), "by": _user(), **said}
    draft = scratch / kind
    draft.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    make_folder(root / kind)
    draft.replace(root / kind / fingerprint)


def read_note(root: Path, kind: str, fingerprint: str) -> Mapping[str, str]:
    """A note; empty if there is none, or it cannot be read."""
    try:
        note = json.loads(read_plain(root / kind / fingerprint))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in note.items()} if isinstance(note, dict) else {}


def _user() -> str:
    """The user's name; empty if there is none, as in some containers."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""

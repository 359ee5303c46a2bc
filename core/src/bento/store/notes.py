"""Notes: what a store remembers of a bundle beside it, by its fingerprint, since it depends on the occasion and not on the bundle."""

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
"""The kind of note that says where a bundle came from that was not saved here."""
TRUSTED: Final = "trusted"
"""The kind of note that says why a bundle's code may run here."""


def write_note(root: Path, kind: str, fingerprint: str, tag: Tag, *, scratch: Path, **said: str) -> None:
    """Write a note with the time and the user's name, as a whole; `scratch` is a folder on the store's file system."""
    note = {"tag": str(tag), "when": datetime.now(UTC).isoformat(timespec="seconds"), "by": _user(), **said}
    draft = scratch / kind
    draft.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    make_folder(root / kind)
    draft.replace(root / kind / fingerprint)


def read_note(root: Path, kind: str, fingerprint: str) -> Mapping[str, str]:
    """A note, empty where there is none that can be read."""
    try:
        note = json.loads(read_plain(root / kind / fingerprint))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in note.items()} if isinstance(note, dict) else {}


def _user() -> str:
    """Who does this; a container may run as somebody who has no name."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""

"""The keys of people whose bundles may run here: public keys in a folder, `<root>/keys` or where `BENTO_TRUSTED_KEYS` says."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from ..bundle.keys import PublicKey, read_public_key
from ..errors import SigningError


def key_folder(root: Path) -> Path:
    """Where the public keys are that the store at `root` trusts."""
    named = os.environ.get("BENTO_TRUSTED_KEYS")
    return Path(named).expanduser().absolute() if named else root / "keys"


def named_keys(root: Path) -> Mapping[PublicKey, str]:
    """The keys in the folder, with the files that they are in; what is no key there, or can be changed by anybody, is a SigningError."""
    folder = key_folder(root)
    try:
        files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return {}
    for path in (folder, *files):
        if path.stat().st_mode & stat.S_IWOTH:
            raise SigningError(f"anybody may change {str(path)!r}, so it says nothing about trust: chmod o-w {path}")
    return {read_public_key(path): str(path) for path in files}

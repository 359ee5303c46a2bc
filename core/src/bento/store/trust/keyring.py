"""Signers whose bundles may run here: public keys and identities in a folder, `<root>/keys` or the one that `BENTO_TRUSTED_KEYS` names."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from ...bundle.signing.identity import Identity
from ...errors import SigningError
from .verdict import Signer, read_signer


def key_folder(root: Path) -> Path:
    """The folder of the public keys and identities that the store at `root` trusts."""
    named = os.environ.get("BENTO_TRUSTED_KEYS")
    return Path(named).expanduser().absolute() if named else root / "keys"


def named_signers(root: Path) -> Mapping[Signer, str]:
    """The signers in the folder of keys, each with its file; a file that names no signer, or that anybody can change, is a SigningError."""
    folder = key_folder(root)
    try:
        files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return {}
    _check(folder, *files)
    signers = {read_signer(path): str(path) for path in files}
    _check(*(Path(each.trusted_root) for each in signers if isinstance(each, Identity) and each.trusted_root))
    return signers


def _check(*paths: Path) -> None:
    for path in paths:
        mode = path.stat().st_mode if path.exists() else 0
        if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise SigningError(f"{str(path)!r} is not a plain file: expected one with a public key or an identity")
        if fault := open_to_all(path):
            raise SigningError(fault)


def open_to_all(path: Path) -> str:
    """The fault of a folder or file that any user of this machine can change; "" if only its owners can, or it does not exist."""
    if not path.exists() or not path.stat().st_mode & stat.S_IWOTH:
        return ""
    return f"anybody may change {str(path)!r}, so it says nothing about trust: chmod o-w {path}"

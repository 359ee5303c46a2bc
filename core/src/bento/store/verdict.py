"""Verdicts: what the signatures of a bundle are worth to someone who knows some keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..bundle.keys import PublicKey, read_public_key
from ..bundle.signatures import read_signatures

if TYPE_CHECKING:
    from ..bundle import Bundle


@dataclass(frozen=True, slots=True)
class Verdict:
    """What signatures are worth: the file of the key that is known and has signed, if there is one, else what is wrong with each."""

    signer: str | None
    faults: tuple[str, ...] = ()


def read_keys(files: Sequence[str | Path]) -> Mapping[PublicKey, str]:
    """The public keys in these files."""
    return {read_public_key(Path(file)): str(file) for file in files}


def judge(bundle: Bundle, keys: Mapping[PublicKey, str]) -> Verdict:
    """Look for a signature by one of these keys."""
    faults = []
    for signature in read_signatures(bundle):
        if signature.key not in keys:
            faults.append(f"signature: by the key {signature.key}, which you have not named")
        elif signature.fits(bundle.fingerprint):
            return Verdict(keys[signature.key])
        else:
            faults.append(f"signature: wrong, and not by {keys[signature.key]}: it, or {bundle.tag}, has changed since")
    return Verdict(None, tuple(faults) or ("signature: none",))

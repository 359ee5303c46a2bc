"""Where a store remembers which files it has verified."""

from __future__ import annotations

from pathlib import Path

from ..bundle import Ledger
from .root import default_root


def ledger_of(root: Path | None) -> Ledger:
    """The ledger of the store at `root`, or of the usual one."""
    return Ledger((root or default_root()) / "verified")

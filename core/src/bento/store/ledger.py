"""The ledger of a store: which of its files were verified."""

from __future__ import annotations

from pathlib import Path

from ..bundle import Ledger


def ledger_of(root: Path) -> Ledger:
    """The ledger of the store at `root`."""
    return Ledger(root / "verified")

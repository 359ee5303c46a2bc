"""What a comparison of two bundles finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `breaks` if it may break a client that works with the first bundle."""

    area: str
    name: str
    change: str
    breaks: bool = False


def arrow(old: object, new: object) -> str:
    """`old -> new`, with `none` for nothing."""
    return f"{'none' if old in (None, '') else old} -> {'none' if new in (None, '') else new}"

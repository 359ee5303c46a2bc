"""Merkle trees of entries of a log. Source: RFC 6962, section 2.1."""

from __future__ import annotations

import hashlib


def tree(entries: list[bytes]) -> bytes:
    """The root of a Merkle tree. Source: RFC 6962, section 2.1."""
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    half = _half(entries)
    return hashlib.sha256(b"\1" + tree(entries[:half]) + tree(entries[half:])).digest()


def path(index: int, entries: list[bytes]) -> list[bytes]:
    """The proof that an entry is in a tree. Source: RFC 6962, section 2.1.1."""
    if len(entries) == 1:
        return []
    half = _half(entries)
    if index < half:
        return [*path(index, entries[:half]), tree(entries[half:])]
    return [*path(index - half, entries[half:]), tree(entries[:half])]


def _half(entries: list[bytes]) -> int:
    return 1 << ((len(entries) - 1).bit_length() - 1)

"""The store: named, versioned bundles on this machine, and the trust that decides whose code may run here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .index import Summary
from .local import Store, store_of
from .selection import outdated

if TYPE_CHECKING:
    from .models import service_to_save
    from .packing import pack
    from .signing import attach, sign
    from .trust.trust import check_signed, check_trust
    from .usual import find, load, pull, push, unpack, verify

__all__ = [
    "Store",
    "Summary",
    "attach",
    "check_signed",
    "check_trust",
    "find",
    "load",
    "outdated",
    "pack",
    "pull",
    "push",
    "service_to_save",
    "sign",
    "store_of",
    "unpack",
    "verify",
]

# Imported on use, because listing bundles needs none of it, and takes less time than importing it.
_LAZY = {
    "attach": "signing",
    "check_signed": "trust.trust",
    "check_trust": "trust.trust",
    "find": "usual",
    "load": "usual",
    "pack": "packing",
    "pull": "usual",
    "push": "usual",
    "service_to_save": "models",
    "sign": "signing",
    "unpack": "usual",
    "verify": "usual",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY[name]}", __name__), name)

"""Bundles: a service with its models, its code and its requirements as one folder that can be verified and loaded anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .examples import Body, Golden, read_examples
from .files.ledger import Ledger
from .load import load_service
from .model import Bundle, open_bundle
from .verify import verify

if TYPE_CHECKING:
    from .save import write_bundle
    from .unpack import unpack_archive

__all__ = ["Body", "Bundle", "Golden", "Ledger", "load_service", "open_bundle", "read_examples", "unpack_archive", "verify", "write_bundle"]

# Imported on use, because code that serves a bundle does not need the code that makes one.
_LAZY = {"unpack_archive": "unpack", "write_bundle": "save"}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY[name]}", __name__), name)

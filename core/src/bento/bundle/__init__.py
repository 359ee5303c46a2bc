"""Bundles: a service with its models, its code and its requirements as one folder that can be verified and loaded anywhere."""

from __future__ import annotations

from .examples import Body, Golden, read_examples
from .ledger import Ledger
from .load import load_service
from .model import Bundle, open_bundle
from .save import write_bundle
from .unpack import unpack_archive
from .verify import verify

__all__ = ["Body", "Bundle", "Golden", "Ledger", "load_service", "open_bundle", "read_examples", "unpack_archive", "verify", "write_bundle"]

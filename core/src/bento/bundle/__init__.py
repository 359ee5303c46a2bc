"""Bundles: a service with its models, its code and its requirements as one folder that can be verified and loaded anywhere."""

from __future__ import annotations

from .model import Bundle, open_bundle
from .verify import verify

__all__ = ["Bundle", "open_bundle", "verify"]

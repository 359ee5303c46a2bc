"""The command line: `bento`, one module per command."""

from __future__ import annotations

from .main import bento, main

__all__ = ["bento", "main"]

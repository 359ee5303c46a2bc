"""The command line: `bento`, with one module per command in `commands`, and beside them what they share."""

from __future__ import annotations

from .main import bento, main

__all__ = ["bento", "main"]

"""The command line: `bento`, with one module per command in `commands`, and what the commands share beside it."""

from __future__ import annotations

from .main import bento, main

__all__ = ["bento", "main"]

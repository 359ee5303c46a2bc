"""`python -m bento` is `bento`."""

from __future__ import annotations

from .cli import main

main()

"""How much a test does: expensive tests are short by default, and long with `make pressure`."""

from __future__ import annotations

import os

PRESSED = "BENTO_PRESSURE_SECONDS" in os.environ
"""Whether tests are to do all that they can."""


def times(short: int, whole: int) -> int:
    """How often a test does something expensive."""
    return whole if PRESSED else short

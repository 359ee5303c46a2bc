"""How much a test does: what is dear is short by default, and whole with `make pressure`."""

from __future__ import annotations

import os

PRESSED = "BENTO_PRESSURE_SECONDS" in os.environ
"""Whether tests are to do all that they can."""


def times(short: int, whole: int) -> int:
    """How often a test does something that is dear."""
    return whole if PRESSED else short

"""Garbage collection: switched off where it would find next to nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage during the block: that would take a seventh of the time of importing scikit-learn, and a tenth of a long list."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def freeze() -> None:
    """Exempt all present objects from collection, which in a forked child would write to, and so copy, every page with an object."""
    gc.collect()
    gc.freeze()

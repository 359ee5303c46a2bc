"""Garbage collection: left out where it would find next to nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage meanwhile: it would take a seventh of the time of importing scikit-learn, and a tenth of that of a long list."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def freeze() -> None:
    """Keep the collector off all that is loaded: in a forked child it would write to, and so copy, every page that holds an object."""
    gc.collect()
    gc.freeze()

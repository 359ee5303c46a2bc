"""The standard streams, where one is closed, its reader has left, or the disk is full."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_STANDARD_ERROR = 2


@contextmanager
def unbothered_by_output() -> Iterator[None]:
    """Go on where nothing can be written."""
    # A connection that had the number of a closed output would be sent what libraries print.
    while not all(map(_is_open, range(_STANDARD_ERROR + 1))):
        os.open(os.devnull, os.O_RDWR)
    try:
        yield
    finally:
        let_go(sys.stdout)
        let_go(sys.stderr)


def let_go(stream: TextIO | None) -> None:
    """Write what a stream still holds, and forget what cannot be written."""
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        # Python tries again at its very end, and would end with status 120 for it. Source: the note on SIGPIPE in its `signal`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True

"""The standard streams, where one is closed, its reader has left, or the disk is full."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TextIO

_STANDARD = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def replace_closed() -> None:
    """Put the null device in the place of each stream that is closed.

    Nobody is there to ask or to tell, and the next file that is opened would get the stream's number, so that libraries print into it.
    """
    for name, mode in _STANDARD:
        if getattr(sys, name) is None:
            # Python would warn at its end of one that is left open, unless the file is not its own to close.
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def print_anything() -> None:
    """Have standard output take any text: a file's name need not be one, and what a terminal's encoding lacks is escaped."""
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        codecs.register_error("bento.escape", _escape)
        sys.stdout.reconfigure(errors="bento.escape")


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    # Source: PEP 383.
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeEncodeError:
        return codecs.lookup_error("backslashreplace")(error)


@contextmanager
def unbothered_by_output() -> Iterator[None]:
    """Go on where nothing can be written."""
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

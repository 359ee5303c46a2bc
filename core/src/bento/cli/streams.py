"""The standard streams: what to do if one is closed, its reader has left, or the disk is full."""

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
    """Replace each closed stream by the null device.

    Otherwise the next file that is opened would get the stream's number, and libraries would print into it.
    """
    for name, mode in _STANDARD:
        if getattr(sys, name) is None:
            # Without `closefd=False`, Python would warn at its end that the file was left open.
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def print_anything() -> None:
    """Let standard output take any text: characters that its encoding lacks are escaped, and bytes of file names that are not text pass."""
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
    """Go on if the output cannot be written."""
    try:
        yield
    finally:
        let_go(sys.stdout)
        let_go(sys.stderr)


def let_go(stream: TextIO | None) -> None:
    """Write what a stream still holds, and drop what cannot be written."""
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        # Python would try again when it exits, and exit with status 120. Source: the note on SIGPIPE in its `signal`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

"""Printing: tables and facts for people, JSON for programs."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterable, Mapping, Sequence

import click

from ..plain import CONTROL, plain

_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_ROUNDED = 0.99995
"""From this part of a unit on, a size is shown in that unit, so that no size is shown as 1000.0 of the one below."""


def print_json(value: object) -> None:
    """Print one JSON document, indented; characters that the encoding lacks are escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=not _is_utf8(sys.stdout.encoding))
    click.echo(CONTROL.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text))


def _is_utf8(encoding: str | None) -> bool:
    # A stream without an encoding, as in a test, takes any text; into a stream of ASCII, click writes UTF-8.
    return encoding is None or codecs.lookup(encoding).name in ("utf-8", "ascii")


def tell(text: str, document: Mapping[str, object], *, as_json: bool) -> None:
    """Print what a command has done, to standard output: a sentence for people, or a document for programs."""
    if as_json:
        print_json(document)
    else:
        click.echo(text)


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print left-aligned columns under a header that is bold in a terminal."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    first, *rest = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    # All at once: ten thousand calls for ten thousand lines take longer than everything before.
    click.echo("\n".join([click.style(first, bold=True), *rest]))


def print_facts(facts: Mapping[str, str | Sequence[str]]) -> None:
    """`name  value` lines; a list's values are printed below each other, and empty ones are left out."""
    width = max(map(len, facts))
    for name, value in facts.items():
        values = [value] if isinstance(value, str) else value
        for number, line in enumerate(text for text in values if text):
            label = click.style(name.ljust(width), bold=True) if number == 0 else " " * width
            click.echo(f"{label}  {plain(line)}")


def size_text(size: int) -> str:
    """Bytes as people read them: `812 bytes`, `3.4 MB`."""
    for unit, name in _UNITS:
        if size >= _ROUNDED * unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"

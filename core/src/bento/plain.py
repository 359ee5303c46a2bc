"""Plain texts: what came from elsewhere, as it may be shown, so that a terminal obeys nothing in it and no screen is filled by it."""

from __future__ import annotations

import re
import reprlib
from typing import Final

CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 controls, surrogates, line separators, and what turns the direction of text around."""

SHOWN: Final = 80
"""How many characters of one value an error shows."""

_LOGGED: Final = 32_768


def plain(text: str) -> str:
    """A text of several lines in which what a terminal would obey is written out instead."""
    return text if text.isprintable() else CONTROL.sub(lambda found: found[0] if found[0] in "\n\t" else ascii(found[0])[1:-1], text)


def cropped(text: str) -> str:
    """A text as a log holds it: of one that would fill it, which begins with where and ends with what, the middle is left out."""
    left_out = len(text) - _LOGGED
    return text if left_out <= 0 else f"{text[: _LOGGED // 2]}[... {left_out} characters ...]{text[-_LOGGED // 2 :]}"


def in_one_line(text: str) -> str:
    """The same in one line, for what a stranger said in the middle of a sentence of ours."""
    return plain(" ".join(text.split()))


def shortened(value: object) -> str:
    """The `repr` of a value, with the middle of a long one left out: what came from elsewhere may be of any size."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = SHOWN
    return short.repr(value)

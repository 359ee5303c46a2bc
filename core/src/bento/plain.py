"""Plain texts: text from elsewhere, made safe to show, without characters that a terminal would obey, and not too long."""

from __future__ import annotations

import re
import reprlib
from typing import Final

CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 controls, surrogates, line separators, and characters that change the direction of text."""

SHOWN: Final = 80
"""How many characters of one value an error shows."""

_LOGGED: Final = 32_768


def plain(text: str) -> str:
    """A text, perhaps of several lines, with escapes for the characters that a terminal would obey."""
    return text if text.isprintable() else CONTROL.sub(lambda found: found[0] if found[0] in "\n\t" else ascii(found[0])[1:-1], text)


def cropped(text: str) -> str:
    """A text as a log holds it: a very long one loses its middle, because a traceback begins with the place and ends with the error."""
    left_out = len(text) - _LOGGED
    return text if left_out <= 0 else f"{text[: _LOGGED // 2]}[... {left_out} characters ...]{text[-_LOGGED // 2 :]}"


def in_one_line(text: str) -> str:
    """A plain text in one line, so that a stranger's words can be part of a sentence."""
    return plain(" ".join(text.split()))


def shortened(value: object) -> str:
    """The `repr` of a value, with the middle of a long one left out: a value from elsewhere may be of any size."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = SHOWN
    return short.repr(value)

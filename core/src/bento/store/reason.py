"""Reasons: what a library, a system or a server says is wrong, in one line."""

from __future__ import annotations

import re
from typing import Final
from urllib.error import URLError

from ..plain import plain

_NUMBER: Final = re.compile(r"\[Errno -?\w+\] ")


def innermost(error: BaseException) -> BaseException:
    """What happened, where a library wraps that in an error that tells nothing more."""
    inner = error.reason if isinstance(error, URLError) else error.__cause__ if not str(error) else None
    return innermost(inner) if isinstance(inner, BaseException) else error


def reason(error: BaseException) -> str:
    """Why something could not be done, as far as the error of another's code tells it."""
    error = innermost(error)
    if isinstance(error, URLError):
        return plain(str(error.reason))
    if isinstance(error, FileNotFoundError) and error.strerror is None:
        return plain(f"there is no {error}")  # libraries tell of what is missing by its name alone
    text = _NUMBER.sub("", str(error)) if isinstance(error, OSError) and str(error) else f"{type(error).__name__}: {error}"
    # The servers of Azure and others say in one line what is wrong, and in many for whom.
    return plain(text.strip().partition("\n")[0])

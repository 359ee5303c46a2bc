"""Reasons: the errors of libraries, systems and servers, in one line."""

from __future__ import annotations

import re
from typing import Final
from urllib.error import URLError

from ..plain import plain

_NUMBER: Final = re.compile(r"\[Errno -?\w+\] ")


def innermost(error: BaseException) -> BaseException:
    """The error that a library has wrapped in one that says nothing more."""
    inner = error.reason if isinstance(error, URLError) else error.__cause__ if not str(error) else None
    return innermost(inner) if isinstance(inner, BaseException) else error


def reason(error: BaseException) -> str:
    """The reason for a failure, taken from an error of somebody else's code."""
    error = innermost(error)
    if isinstance(error, URLError):
        return plain(str(error.reason))
    if isinstance(error, FileNotFoundError) and error.strerror is None:
        return plain(f"there is no {error}")  # some libraries give only the name of what is missing
    text = _NUMBER.sub("", str(error)) if isinstance(error, OSError) and str(error) else f"{type(error).__name__}: {error}"
    # Azure's servers and others give the reason in the first line, and details of the request in many more.
    return plain(text.strip().partition("\n")[0])

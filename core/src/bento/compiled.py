"""Compiled forms: what runs for each small request is in bento-native as well, in C, and stands in for the Python here where that is.

Either form does the same, and tests hold them to it. Without bento-native, or with `BENTO_NATIVE=0`, all of the server is Python.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from . import __version__

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger("bento")


def find() -> Mapping[str, Callable[..., Any]]:
    """The compiled forms by the full names of what they stand in for."""
    if os.environ.get("BENTO_NATIVE") == "0":
        return {}
    try:
        from bento_native import FORMS
        from bento_native import __version__ as version
    except ImportError:
        return {}
    if version != __version__:
        log.warning(
            "bento-native %s is not used: it goes with bento-core %s, and this is %s: pip install bento-native==%s",
            version,
            version,
            __version__,
            __version__,
        )
        return {}
    forms: Mapping[str, Callable[..., Any]] = FORMS
    return forms


_FOUND = find()

PYTHON: dict[str, Callable[..., Any]] = {}
"""What is marked as `compiled`, by its full name, in Python."""


def compiled(function: F) -> F:
    """Mark what bento-native has a form of, and take that instead if it is there."""
    name = f"{function.__module__}.{function.__qualname__}"
    PYTHON[name] = function
    return _FOUND.get(name, function)  # type: ignore[return-value]  # one form is as good as the other


def is_compiled() -> bool:
    """Whether compiled forms are in use."""
    return bool(_FOUND)

"""Compiled forms: functions that run for each small request have a second form in C, in bento-native, which replaces the one in Python.

Both forms do the same, which tests check. Without bento-native, or with `BENTO_NATIVE=0`, all of the server is Python.
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
    """The compiled forms by the full names of the functions that they replace; none if bento-native is missing, unfit or switched off."""
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
"""The Python forms of the functions that are marked as `compiled`, by their full names."""


def compiled(function: F) -> F:
    """Mark a function that bento-native has a compiled form of; returns that form if it is available, or else the function itself."""
    name = f"{function.__module__}.{function.__qualname__}"
    PYTHON[name] = function
    return _FOUND.get(name, function)  # type: ignore[return-value]  # one form is as good as the other


def is_compiled() -> bool:
    """Whether compiled forms are in use."""
    return bool(_FOUND)

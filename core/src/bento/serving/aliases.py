"""Aliases: additional paths of apis and pages, for platforms that dictate which paths they call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PAGES = ("/", "/docs", "/openapi.json", "/livez", "/readyz", "/metrics")
"""The paths that a server answers besides those of its apis."""

HEALTH = frozenset({"/livez", "/readyz"})
"""The paths among `PAGES` that report only the server's health."""

_PATH = re.compile(r"(/[A-Za-z0-9._~:@-]+)+")


def check_aliases(aliases: Mapping[str, str], apis: Collection[str]) -> None:
    """Raise a ServerError for an alias that is not a path, is taken already, or stands for an unknown path. `apis` are the apis' paths."""
    known = [*apis, *PAGES]
    for alias, path in aliases.items():
        if not _PATH.fullmatch(alias):
            raise ServerError(f"alias {alias!r} of {path!r}: expected a path like '/invocations'")
        if alias in known:
            raise ServerError(f"alias {alias!r} of {path!r}: an api or a page has that path already, choose another")
        if path not in known:
            raise ServerError(f"alias {alias!r} of {path!r}: nothing has that path, expected one of {', '.join(known)}")

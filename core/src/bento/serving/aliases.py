"""Aliases: further paths of apis and pages, for platforms that say where they ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PAGES = ("/", "/docs", "/openapi.json", "/livez", "/readyz", "/metrics")
"""The paths of what a server answers beside its apis."""

HEALTH = frozenset({"/livez", "/readyz"})
"""Those of them that say nothing but how the server is."""

_PATH = re.compile(r"(/[A-Za-z0-9._~:@-]+)+")


def check_aliases(aliases: Mapping[str, str], apis: Collection[str]) -> None:
    """Refuse, as a ServerError, an alias that is no path or is taken, or that stands for nothing; `apis` are their paths."""
    known = [*apis, *PAGES]
    for alias, path in aliases.items():
        if not _PATH.fullmatch(alias):
            raise ServerError(f"alias {alias!r} of {path!r}: expected a path like '/invocations'")
        if alias in known:
            raise ServerError(f"alias {alias!r} of {path!r}: an api or a page has that path already, choose another")
        if path not in known:
            raise ServerError(f"alias {alias!r} of {path!r}: nothing has that path, expected one of {', '.join(known)}")

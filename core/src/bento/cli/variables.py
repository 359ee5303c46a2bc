"""Environment variables that bento reads, and those that somebody meant who wrote another."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

log = logging.getLogger(__name__)

_PREFIX: Final = "BENTO_"

VARIABLES: Final = frozenset(
    {"BENTO_DISABLE_PLUGINS", "BENTO_HOME", "BENTO_MAX_BUNDLE", "BENTO_NATIVE", "BENTO_REMOTE_TIMEOUT", "BENTO_TRUSTED_KEYS"}
)
"""All whose names begin with `BENTO_`."""

_ALIKE: Final = 0.8
"""How much alike a name is that was misspelt, and not chosen for something else: from 0 to 1, as difflib says it."""


def warn_of_misspelt(names: Iterable[str]) -> None:
    """Say which of these variables are nearly bento's own, for they do nothing."""
    endings = [name.removeprefix(_PREFIX) for name in sorted(VARIABLES)]
    for name in sorted(names):
        if name.upper().startswith(_PREFIX) and name not in VARIABLES:
            nearest = get_close_matches(name.upper().removeprefix(_PREFIX), endings, 1, _ALIKE)
            if nearest:
                log.warning("the environment variable %s does nothing: did you mean %s?", name, f"{_PREFIX}{nearest[0]}")

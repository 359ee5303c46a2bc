"""Environment variables that bento reads, and warnings about misspelt ones."""

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
"""All variables of bento whose names begin with `BENTO_`."""

_ALIKE: Final = 0.8
"""The similarity, from 0 to 1, as difflib computes it, above which a name counts as misspelt and not as chosen for something else."""


def warn_of_misspelt(names: Iterable[str]) -> None:
    """Warn about variables whose names are almost those of bento's, because they have no effect."""
    endings = [name.removeprefix(_PREFIX) for name in sorted(VARIABLES)]
    for name in sorted(names):
        if name.upper().startswith(_PREFIX) and name not in VARIABLES:
            nearest = get_close_matches(name.upper().removeprefix(_PREFIX), endings, 1, _ALIKE)
            if nearest:
                log.warning("the environment variable %s does nothing: did you mean %s?", name, f"{_PREFIX}{nearest[0]}")

"""The message about a tag that a store does not have: what is there, and what may have been meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..tag import Tag

_SHOWN = 5


def missing(tag: Tag, place: Path | str, there: Sequence[Tag], *, is_empty: bool = True) -> str:
    """The message of a NotFound; `there` are the store's tags, newest first.

    If there are none, `is_empty` tells whether the store is empty, or only holds damaged bundles.
    """
    versions = [other.version for other in there if other.name == tag.name]
    names = list(dict.fromkeys(other.name for other in there))
    if versions:
        found = f"{tag.name} has {_listed('version', versions)}{_guess(tag.version, versions, f'{tag.name}:')}"
    else:
        nothing = "it is empty" if is_empty else "it has no whole bundle"
        found = f"it has {_listed('name', names)}{_guess(tag.name, names)}" if names else nothing
    return f"no bundle {tag} in the store at {place}: {found}"


def _listed(kind: str, values: Sequence[str]) -> str:
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return f"the {kind}{'s' if len(values) > 1 else ''} {', '.join(values[:_SHOWN])}{more}"


def _guess(meant: str, values: Sequence[str], before: str = "") -> str:
    from difflib import get_close_matches

    close = get_close_matches(meant, values, n=1)
    return f" - did you mean {before}{close[0]}?" if close else ""

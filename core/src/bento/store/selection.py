"""Selecting bundles: by name, by labels, by age, and all but the newest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .index import Summary

_WILD: Final = re.compile(r"[*?\[]")


def is_pattern(name: str) -> bool:
    """Whether a text is a pattern for names, as in a shell: no name has these characters."""
    return _WILD.search(name) is not None


def matches(summary: Summary, pattern: str | None, labels: Mapping[str, str]) -> bool:
    """Whether a bundle's name fits the pattern, and it has all these labels."""
    return (pattern is None or fnmatchcase(summary.name, pattern)) and labels.items() <= summary.labels.items()


def outdated(summaries: Iterable[Summary], *, older_than: timedelta | None = None, keep_last: int = 0) -> list[Summary]:
    """The summaries, of a list sorted newest first, that are older than this and not among the `keep_last` newest of their name."""
    from ..bundle.manifest.fields import TIME_FORMAT

    created_before = (datetime.now(UTC) - (older_than or timedelta(0))).strftime(TIME_FORMAT)
    kept: Counter[str] = Counter()
    found = []
    for each in summaries:
        kept[each.name] += 1
        if kept[each.name] > keep_last and (older_than is None or each.created < created_before):
            found.append(each)
    return found

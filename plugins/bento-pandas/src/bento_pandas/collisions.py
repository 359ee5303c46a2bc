"""Texts that were chosen to fall into one place of pandas' tables of texts.

These place a text by a hash that anybody can compute, and look at all of one place for each more that belongs there: two megabytes of
such texts keep the interpreter for half a minute. So some of the different texts are looked at before, by a choice that nobody can foresee.

Source: pandas, khash.h, `__ac_X31_hash_string`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from bento import InvalidInput

MANY = 4096
"""Of fewer texts, all may be in one place."""
_FACTOR = 31
_MOST_ALIKE = 8
_FEWEST = 1024
_PART = 64


def check_texts(texts: Iterable[str], count: int) -> None:
    """Refuse texts, of which there are about so many, if a table of pandas' would have a good part of them in one place."""
    places: dict[int, list[str]] = defaultdict(list)
    for text in _some(texts, max(_FEWEST, count // _PART)):
        places[_hash(text)].append(text)
    alike = max(places.values(), key=len, default=[])
    if len(alike) > _MOST_ALIKE:
        raise InvalidInput(f"the table has too many texts that pandas can hardly tell apart, such as {alike[0]!r:.60} and {alike[1]!r:.60}")


def _some(texts: Iterable[str], most: int) -> set[str]:
    """At most so many of the different texts: those whose hash in Python, which is another one in each process, ends in zeros."""
    kept: set[str] = set()
    mask = 0
    for text in texts:
        if not hash(text) & mask:
            kept.add(text)
            while len(kept) > most:
                mask = 2 * mask + 1
                kept = {each for each in kept if not hash(each) & mask}
    return kept


def _hash(text: str) -> int:
    """What pandas places a text by."""
    import numpy as np

    data = np.frombuffer(text.partition("\0")[0].encode("utf-8", "surrogatepass"), np.int8)
    factors = np.full(len(data), _FACTOR, np.uint32)
    factors[:1] = 1
    return int((data[::-1].astype(np.uint32) * factors.cumprod(dtype=np.uint32)).sum(dtype=np.uint32))

"""Refusing texts that were chosen to have the same hash in pandas.

The hash tables of pandas use a hash that anybody can compute, and compare each new text with all texts of the same hash: two megabytes of
chosen texts block the interpreter for half a minute. So a sample of the distinct texts is checked first. No client can predict the sample.

Source: pandas, khash.h, `__ac_X31_hash_string`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from bento import InvalidInput

MANY = 4096
"""Tables with fewer rows than this need no check, even if all texts have the same hash."""
_FACTOR = 31
_MOST_ALIKE = 8
_FEWEST = 1024
_PART = 64


def check_texts(texts: Iterable[str], count: int) -> None:
    """Raise an InvalidInput if many of the texts, of which there are about `count`, have the same hash in pandas."""
    places: dict[int, list[str]] = defaultdict(list)
    for text in _some(texts, max(_FEWEST, count // _PART)):
        places[_hash(text)].append(text)
    alike = max(places.values(), key=len, default=[])
    if len(alike) > _MOST_ALIKE:
        raise InvalidInput(f"the table has too many texts that pandas can hardly tell apart, such as {alike[0]!r:.60} and {alike[1]!r:.60}")


def _some(texts: Iterable[str], most: int) -> set[str]:
    """A sample of at most `most` distinct texts: those whose Python hash, which differs in each process, ends in zeros."""
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
    """The hash that pandas computes for a text."""
    import numpy as np

    data = np.frombuffer(text.partition("\0")[0].encode("utf-8", "surrogatepass"), np.int8)
    factors = np.full(len(data), _FACTOR, np.uint32)
    factors[:1] = 1
    return int((data[::-1].astype(np.uint32) * factors.cumprod(dtype=np.uint32)).sum(dtype=np.uint32))

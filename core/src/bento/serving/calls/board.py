"""The board: shared memory in which all workers of a server count, each in a stretch of its own.

An api counts at the same place of every stretch for as long as the server runs, whatever other apis come and go when workers are replaced.
So figures can be added up over the stretches, and counters only grow.
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ...errors import ServerError
from .figures import FIGURES, IN_FLIGHT

if TYPE_CHECKING:
    from .figures import Numbers

_MOST_APIS = 1024


class Board:
    """Made before workers are forked, so that all of them share it; pages of memory that nobody counts in take no space."""

    def __init__(self, stretches: int) -> None:
        size = FIGURES * _MOST_APIS
        memory = memoryview(mmap.mmap(-1, 8 * (size * stretches + 1 + stretches))).cast("d")
        self._porter = memory[-1:]
        self._signs = memory[size * stretches : -1]
        self.stretches: Sequence[Numbers] = [memory[number * size : (number + 1) * size] for number in range(stretches)]
        self._starts: dict[str, int] = {}

    def add(self, apis: Iterable[str]) -> None:
        """Give a place to each api that has none yet."""
        for api in apis:
            if api not in self._starts and len(self._starts) == _MOST_APIS:
                raise ServerError(f"several workers can serve {_MOST_APIS} apis, and this service has more: serve it with one worker")
            self._starts.setdefault(api, FIGURES * len(self._starts))

    def start(self, api: str) -> int:
        """Where an api that has been added counts, in every stretch."""
        return self._starts[api]

    @property
    def has_porter(self) -> bool:
        """Whether the porter may still take a connection, and refuse the requests on it."""
        return bool(self._porter[0])

    @has_porter.setter
    def has_porter(self, there: bool) -> None:
        self._porter[0] = float(there)

    def give_sign(self, stretch: int) -> None:
        """Note that the worker of a stretch is not held up."""
        self._signs[stretch] = time.monotonic()

    def last_sign(self, stretch: int) -> float:
        """When the worker of a stretch, or one before it, last gave a sign, by the monotonic clock; 0.0 for never."""
        return self._signs[stretch]

    def leave(self, stretch: int) -> None:
        """Note that a worker is gone, and its requests in flight with it."""
        for start in self._starts.values():
            self.stretches[stretch][start + IN_FLIGHT] = 0.0

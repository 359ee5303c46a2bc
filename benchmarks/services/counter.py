"""Answers that come piece by piece, with nothing to compute between two pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

import bento
from bento.adapters import JsonAdapter

# As many as the benchmark has connections, because otherwise streams would wait for each other.
_STREAMS = 16


class Counter(bento.Service):
    """Count."""

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), concurrency=_STREAMS)
    def plain(self, ends: list[int]) -> Generator[int]:
        """Count from one number to another in a plain generator."""
        yield from range(*ends)

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), concurrency=_STREAMS)
    async def coroutine(self, ends: list[int]) -> AsyncGenerator[int]:
        """Count from one number to another in an async generator."""
        for number in range(*ends):
            yield number

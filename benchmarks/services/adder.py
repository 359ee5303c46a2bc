"""Next to no work, and no framework."""

from __future__ import annotations

import bento
from bento.adapters import JsonAdapter


class Adder(bento.Service):
    """Add up numbers."""

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def predict(self, numbers: list[float]) -> float:
        """Add up the numbers of one request."""
        return sum(numbers)

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), batch=True)
    def batched(self, batch: list[list[float]]) -> list[float]:
        """Add up the numbers of each of many requests."""
        return [sum(numbers) for numbers in batch]

"""A service that cannot do more than a hundred items a second."""

from __future__ import annotations

import time

import bento
from bento.adapters import JsonAdapter


class Slow(bento.Service):
    """Take a hundredth of a second for each item."""

    @bento.api(input=JsonAdapter(), output=JsonAdapter(), timeout=1.0)
    def predict(self, item: int) -> int:
        """Give the item back."""
        time.sleep(0.01)
        return item

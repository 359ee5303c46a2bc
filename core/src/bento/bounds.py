"""Bounds: the least and the most that may be asked for, the same on the command line and in code."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from .errors import ServerError

_NUMBER: Final = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most of a `unit`; `whole` allows whole numbers only."""

    least: float
    most: float
    unit: str
    whole: bool = False

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        return self.least <= value <= self.most

    def __str__(self) -> str:
        return f"{self.least} to {self.most} {self.unit}"

    def check(self, name: str, value: object) -> None:
        """Raise a ServerError for a value that is not within the bounds."""
        if value not in self:
            raise ServerError(f"expected {name} to be {self}, got {value!r}")


def read_number(text: str, otherwise: float = math.nan) -> float:
    """The number that a text is, without a sign. Any other text gives `otherwise`, even if `float` reads it, such as `1_0`."""
    return float(text) if _NUMBER.fullmatch(text) else otherwise


_WEEK: Final = 7 * 24 * 3600

BODY: Final = Bounds(1, 1 << 40, "bytes", whole=True)
GRACE: Final = Bounds(0, _WEEK, "seconds")
# Connections are checked several times within it, so a shorter time would keep a processor busy.
PATIENCE: Final = Bounds(0.01, _WEEK, "seconds")
# All workers may be ordered before the first has started: the orders wait in the socket of the process that forks them.
WORKERS: Final = Bounds(1, 256, "processes", whole=True)

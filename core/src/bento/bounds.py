"""Bounds: how much of something may be asked for, the same on the command line and in code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .errors import ServerError


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
        """Refuse, as a ServerError, a value that is not within them."""
        if value not in self:
            raise ServerError(f"expected {name} to be {self}, got {value!r}")


_WEEK: Final = 7 * 24 * 3600

BODY: Final = Bounds(1, 1 << 40, "bytes", whole=True)
GRACE: Final = Bounds(0, _WEEK, "seconds")
# Connections are looked at several times within it: less would keep a processor busy.
PATIENCE: Final = Bounds(0.01, _WEEK, "seconds")
# All of them may be asked for before the first is there: the requests wait in the socket of the process that forks them.
WORKERS: Final = Bounds(1, 256, "processes", whole=True)

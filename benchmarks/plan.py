"""How much is measured, and which subjects take part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .subjects import Subject


QUICK = ("bento", "bare ASGI", "mosec, batching", "mosec", "BentoML", "mosec, raw")


@dataclass(frozen=True)
class Plan:
    """Rounds per figure, seconds per round, and the names of the peers that take part; none means all."""

    rounds: int
    seconds: float
    names: tuple[str, ...] = ()
    has_peers: bool = True

    def chosen(self, subjects: Sequence[Subject]) -> list[Subject]:
        """The subjects that take part; bento always does."""
        return [subject for subject in subjects if self._is_chosen(subject)]

    def _is_chosen(self, subject: Subject) -> bool:
        if subject.name.startswith("bento"):
            return True
        return (self.has_peers or not subject.environment) and (not self.names or subject.name in self.names)

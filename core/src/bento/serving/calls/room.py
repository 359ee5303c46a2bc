"""The memory that large requests share, so that many at once cannot take all there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import Overloaded

if TYPE_CHECKING:
    from .call import Call
    from .limits import Limits


class Room:
    """Counts the bytes of large bodies that are being read, wait or run. Used on the event loop only, so nothing is locked."""

    def __init__(self, limits: Limits) -> None:
        # One request must fit, with its body before and after decompression.
        self.size = max(limits.bodies, 2 * limits.body)
        self.taken = 0

    def take(self, size: int) -> None:
        """Take `size` bytes, or raise Overloaded when others have left less."""
        if self.taken + size > self.size:
            raise Overloaded(f"large requests hold {self.taken} bytes of the {self.size} that all of them may hold")
        self.taken += size

    def take_for(self, call: Call, size: int) -> None:
        """Take `size` bytes for a call that gives them back at its end, or raise Overloaded."""
        self.take(size)
        call.held += size

    def keep(self, size: int) -> None:
        """Count bytes that are in memory already, even if others have left less: then the next request finds no room."""
        self.taken += size

    def give(self, size: int) -> None:
        """Give `size` bytes back."""
        self.taken -= size
